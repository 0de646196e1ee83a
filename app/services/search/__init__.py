"""How it is found: vector indexes, search, re-embedding."""
