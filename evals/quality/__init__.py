"""Quality of search and answers: question sets, runs, and each kind of eval."""
