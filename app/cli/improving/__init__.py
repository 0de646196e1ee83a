"""Commands from ratings to a better model: data sets, training, adapters."""
