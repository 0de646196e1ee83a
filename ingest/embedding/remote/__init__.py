"""Embeddings by a server: OpenAI's protocol, Text Embeddings Inference, or another Zhiwen."""
