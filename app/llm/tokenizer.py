"""Counts tokens of Qwen2.5, whichever engine serves it."""

from collections.abc import Sequence
from pathlib import Path


class QwenTokenizer:
    """The vocabulary in a `tokenizer.json`. Control tokens of ChatML are one token each."""

    def __init__(self, path: Path) -> None:
        """`path`: `tokenizer.json`. Raises FileNotFoundError."""
        from tokenizers import Tokenizer

        if not path.is_file():
            raise FileNotFoundError(path)
        self._tokenizer = Tokenizer.from_file(str(path))

    def count(self, text: str) -> int:
        return len(self.encode(text))

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, control tokens included."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))
