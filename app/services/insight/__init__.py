"""What questions tell of the bases they were asked of: usage, and what is missing."""
