"""From a document to chunks: sections, units, sentences."""
