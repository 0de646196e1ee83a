"""The service: API, shell, worker, and everything they run."""
