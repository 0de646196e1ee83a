"""Fusion weight and thresholds of an embedder without measured ones, with built-in texts."""
