"""A new adapter among people: counted against the one before, and taken back where it is worse."""
