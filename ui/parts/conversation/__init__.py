"""Below a conversation: what to ask next, and the whole of it as a file."""
