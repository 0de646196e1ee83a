"""Prompts of tasks, one file each: `<task>.toml`, with a version that every answer records."""
