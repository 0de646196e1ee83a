"""Training on the review page: data sets, the running job, adapters."""
