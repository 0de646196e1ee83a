"""Running the service: status, reconciliation, backup, metrics, the sample base."""
