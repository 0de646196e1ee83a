"""pgvector: a table per store in the database that has the chunks."""
