"""What an answer rests on: chips, the drawer that shows a source, and what is marked in it."""
