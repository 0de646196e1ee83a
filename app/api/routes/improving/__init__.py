"""Routes from ratings to a better model."""
