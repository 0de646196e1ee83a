"""Shared by the parsers: decoding, the document builder, ZIP containers."""
