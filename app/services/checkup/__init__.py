"""The check-up of a base: what in it is double, outdated, unused, unfindable or contradictory."""
