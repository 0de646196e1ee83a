"""From a stored file to chunks and vectors: what the worker runs."""
