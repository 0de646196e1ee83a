"""Counts Qwen2.5 tokens, independent of the engine."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

_SHORT_CHARS = 2000  # chunks are shorter, whole prompts are longer
_SHORT_KEPT, _LONG_KEPT = 8192, 16


class QwenTokenizer:
    """The vocabulary of a `tokenizer.json`. ChatML control tokens count as one token each.

    Counts are cached: each question counts some thirty chunks, mostly the same as the questions
    before it, and its own prompt twice.
    """

    def __init__(self, path: Path) -> None:
        """`path`: `tokenizer.json`. Raises FileNotFoundError."""
        from tokenizers import Tokenizer

        if not path.is_file():
            raise FileNotFoundError(path)
        self._tokenizer = Tokenizer.from_file(str(path))
        self._count_short = lru_cache(_SHORT_KEPT)(self._count)
        self._count_long = lru_cache(_LONG_KEPT)(self._count)

    def count(self, text: str) -> int:
        counted = self._count_short if len(text) <= _SHORT_CHARS else self._count_long
        return counted(text)

    def _count(self, text: str) -> int:
        return len(self.encode(text))

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, including control tokens."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))
