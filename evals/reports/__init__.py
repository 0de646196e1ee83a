"""Runs as tables, pages and comparisons."""
