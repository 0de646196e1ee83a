"""Metrics over rankings, answers, citations and refusals."""
