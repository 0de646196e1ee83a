"""The prompt: budget, styles, one renderer for serving and export."""
