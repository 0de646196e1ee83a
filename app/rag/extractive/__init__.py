"""Composes answers from the sources for the smallest models."""
