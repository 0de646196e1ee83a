"""How fast, and how much memory: benchmarks of every part."""
