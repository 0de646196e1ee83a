"""Pages of the web: what is seen of them, as blocks, tables and plain strings."""
