"""The composition root: every object is built here, from Settings."""
