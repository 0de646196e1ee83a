"""What people do with Zhiwen: bases, documents, questions, conversations, feedback."""
