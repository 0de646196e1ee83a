"""Renders runs as tables, pages and comparisons."""
