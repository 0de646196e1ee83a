"""Attacks on a running service, by class. `make redteam` tries them all and counts."""
