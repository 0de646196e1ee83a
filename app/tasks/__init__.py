"""Tasks besides answering from documents: chat, translation, summaries."""
