"""Long work: the queue of jobs, claims with leases, and the workers that hold them."""
