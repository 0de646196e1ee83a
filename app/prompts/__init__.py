"""Prompts of the tasks, one `<task>.toml` each, with a version that every answer records."""
