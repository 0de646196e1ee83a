"""What the model is asked besides questions about documents: chat, translate, summarise."""
