"""Feedback on answers and its uses: regression sets, evaluations, training data."""
