"""The service: retrieval, prompt, answer, and everything that is served or run."""
