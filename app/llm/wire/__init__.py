"""The wire protocol of OpenAI-compatible servers: the client, chunks, tool calls."""
