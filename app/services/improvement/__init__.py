"""What people think of answers, and what is made of it: feedback, regression sets, evaluations."""
