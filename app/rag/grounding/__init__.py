"""Checks answers against their sources: sentences, numbers, wording, citations."""
