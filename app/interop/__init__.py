"""Adapters for other libraries. They use the HTTP API, so they work from any machine."""
