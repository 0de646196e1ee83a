"""Turns what a package index or a GGUF file holds into weights that can be loaded."""
