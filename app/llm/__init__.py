"""Chat models: one protocol, a client for every OpenAI-compatible server, the embedded engine."""
