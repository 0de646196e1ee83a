"""The HTTP client, the JSON types, and the reader of answer streams."""
