"""The HTTP client, the JSON it reads, and answers watched while they are written."""
