"""HTTP: routes, what is on the wire, and how errors are told."""
