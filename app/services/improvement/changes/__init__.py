"""What another version, model or setting changes in the answers to a base's own questions."""
