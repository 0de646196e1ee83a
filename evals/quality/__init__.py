"""How good search and answers are: sets of questions, runs, and each kind of eval."""
