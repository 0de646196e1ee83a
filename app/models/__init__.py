"""Model weights: a registry of names, and a store that pulls, verifies and finds their files."""
