"""Signing in and out: pages of the server's own, and the gate before everything else."""
