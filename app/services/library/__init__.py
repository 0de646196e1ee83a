"""What is kept: bases, documents and their versions, and the jobs that read them."""
