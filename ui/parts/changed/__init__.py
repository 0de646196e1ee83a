"""Answers that another version, model, setting or adapter changed."""
