"""Questions that a model makes from documents, for a base that nobody has rated yet."""
