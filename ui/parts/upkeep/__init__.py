"""Parts of the upkeep page: gaps, usage, check-up."""
