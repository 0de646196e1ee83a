"""How many tokens a text has for a model that runs elsewhere.

By the model's tokenizer where its `tokenizer.json` is here, a file of some megabytes; else by an
estimate. Chunks, and so vectors, are those of the local model only with the first.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ingest.clean import CJK
from ingest.errors import EmbedderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_COUNTED_AT_ONCE = 1000
_PIECE = re.compile(f"[{CJK}]|[A-Za-z]+|[^\\W_{CJK}]+|[^\\w\\s]|_")
_LETTERS_A_TOKEN = 4  # of English in the vocabularies of BERT and XLM-RoBERTa
_OTHERS_A_TOKEN = 2  # digits, and letters of other alphabets


class TextLengths(Protocol):
    """Implementations: `TokenizerLengths`, `EstimatedLengths`."""

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special ones. Raises EmbedderError."""

    def cut(self, text: str, max_tokens: int) -> str:
        """The beginning of the text with so many tokens at most. Raises EmbedderError."""


class TokenizerLengths:
    def __init__(self, path: Path) -> None:
        """`path`: of a `tokenizer.json`, which the first call reads."""
        self._path = path

    def counts(self, texts: Sequence[str]) -> list[int]:
        found: list[int] = []
        for begin in range(0, len(texts), _COUNTED_AT_ONCE):
            part = list(texts[begin : begin + _COUNTED_AT_ONCE])
            encoded = self._tokenizer.encode_batch_fast(part, add_special_tokens=False)
            found += [len(encoding) for encoding in encoded]
        return found

    def cut(self, text: str, max_tokens: int) -> str:
        if len(text) <= max_tokens:  # a token has a character at least
            return text
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return text if len(offsets) <= max_tokens else text[: offsets[max_tokens - 1][1]]

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._path))
        except Exception as error:  # the library raises nothing narrower
            raise EmbedderError(f"{self._path} cannot be read: {error}") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


class EstimatedLengths:
    """A CJK character and a punctuation mark are a token, a word one for every four letters."""

    def counts(self, texts: Sequence[str]) -> list[int]:
        return [sum(tokens for tokens, *_ in _pieces(text)) for text in texts]

    def cut(self, text: str, max_tokens: int) -> str:
        """A piece without end, a key or an address, is cut inside."""
        room = max(0, max_tokens)
        for tokens, begin, letters in _pieces(text):
            if tokens > room:
                return text[: begin + room * letters] or text[:1]
            room -= tokens
        return text


def _pieces(text: str) -> Iterator[tuple[int, int, int]]:
    """Tokens and begin of each word, mark and CJK character, and its letters a token."""
    for found in _PIECE.finditer(text):
        piece = found.group()
        letters = _LETTERS_A_TOKEN if piece.isascii() and piece.isalpha() else _OTHERS_A_TOKEN
        yield -(-len(piece) // letters), found.start(), letters
