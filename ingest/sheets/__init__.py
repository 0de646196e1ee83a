"""Workbooks of every kind as sheets of rows: what a person sees who opens them."""
