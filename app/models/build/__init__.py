"""Converts weights from a package index or a GGUF file into loadable formats."""
