"""Zhiwen in the shapes of other people's libraries. Over HTTP, so from any machine."""
