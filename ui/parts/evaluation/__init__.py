"""Parts of the evaluation page: questions, starting a run, its result in words, its figures."""
