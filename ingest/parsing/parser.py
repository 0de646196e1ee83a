"""The protocol of parsers."""

from collections.abc import Callable
from typing import Protocol

from ingest.types import Document

PageProgress = Callable[[int, int], None]  # pages done, pages in all


class Parser(Protocol):
    """Reads one family of formats."""

    extensions: tuple[str, ...]  # lower case with the dot
    signature: bytes  # the content begins with it; empty for text formats

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        """The document in `data`. `on_page` is called by formats that have pages.

        Raises ParseError with a code and a sentence a person can act on.
        """
