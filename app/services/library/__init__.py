"""What is kept: bases, documents, their versions and their pages."""
