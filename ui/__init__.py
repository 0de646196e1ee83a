"""The web interface: a client of the HTTP API and nothing else."""
