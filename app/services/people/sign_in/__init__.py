"""Signing in with an identity that somebody else vouches for: a provider, or a trusted proxy."""
