"""Shared by the parsers: decoding, the document builder, HTML blocks, ZIP containers."""
