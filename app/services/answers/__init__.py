"""Questions and answers: conversations, generations, replay, the answer cache."""
