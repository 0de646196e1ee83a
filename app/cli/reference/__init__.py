"""Generates the reference pages of the documentation."""
