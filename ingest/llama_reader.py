"""Zhiwen's parsers as a reader for LlamaIndex, so that its pipelines read what Zhiwen reads.

documents = zhiwen_reader().load_data(Path("报告.pdf"))   # one a page, slide or sheet

Importing LlamaIndex takes seconds, so it happens when the reader is made.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.parsers import parse
from ingest.types import Document

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document as LlamaDocument


def zhiwen_reader() -> "BaseReader":
    """A `BaseReader` for `SimpleDirectoryReader(file_extractor={".pdf": …})` and the like."""
    from llama_index.core.readers.base import BaseReader

    class ZhiwenReader(BaseReader):
        def load_data(
            self, file: Path, extra_info: dict[str, Any] | None = None
        ) -> "list[LlamaDocument]":
            """The file's pages. Raises IngestError."""
            path = Path(file)
            return _pages(parse(path.read_bytes(), path.name), extra_info or {})

    return ZhiwenReader()


def _pages(document: Document, extra: dict[str, Any]) -> "list[LlamaDocument]":
    from llama_index.core.schema import Document as LlamaDocument

    spans = [(span.start, span.end) for span in document.pages or document.places]
    found = []
    for start, end in spans or [(0, len(document.text))]:
        if text := document.text[start:end].strip():
            place = {"page": document.page_at(start), "locator": document.locator(start, end)}
            metadata = {"file_name": document.name, "title": document.title, **place, **extra}
            found.append(LlamaDocument(text=text, metadata=metadata))
    return found
