"""What the documents page shows: bases, uploads, a document, its reading report."""
