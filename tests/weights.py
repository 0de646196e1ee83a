"""The real weights the tests use: those of the working copy, pulled once where they are missing."""

import pytest

from app.config import Settings
from app.models.errors import ModelError
from app.models.store import ModelStore

EMBEDDER = "multilingual-e5-small"
CHAT_MODEL = "qwen2.5-coder-0.5b-instruct"


def store_with(name: str) -> ModelStore:
    """A store that has `name`. Skips the test where it cannot be had."""
    store = ModelStore(Settings().models_path)
    try:
        store.pull(name)
    except ModelError as error:
        pytest.skip(f"needs real weights; get them with: zhiwen models pull {name} ({error})")
    return store
