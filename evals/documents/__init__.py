"""Files of many kinds: how they are read, and whether questions about them are answered."""
