"""How fast many documents are read on a cluster."""
