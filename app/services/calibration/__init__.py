"""Fusion weight and thresholds of an embedder without measured ones, from texts that come along."""
