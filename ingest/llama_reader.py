"""The one door to LlamaIndex's file readers: a reader and bytes in, plain strings out.

Importing the readers takes about 2.5 s and 100 MB, so parsers import them when called.
"""

import secrets
from typing import TYPE_CHECKING

from ingest.errors import ParseError

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader


def read_texts(reader: "BaseReader", data: bytes, name: str) -> list[str]:
    """The texts of the documents that `reader` finds in `data`, in order.

    Readers want a path; the bytes go through an in-memory file system, never to the disk.
    Raises ParseError `broken` with the reader's own reason.
    """
    from fsspec.implementations.memory import (  # type: ignore[import-untyped]  # no stubs
        MemoryFileSystem,
    )

    files = MemoryFileSystem()
    path = f"/{secrets.token_hex(8)}"  # all in-memory file systems of a process are one
    files.pipe_file(path, data)
    try:
        documents = reader.load_data(path, fs=files)
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise ParseError(f"{name} cannot be read: {error}") from error
    finally:
        files.rm_file(path)
    return [document.text for document in documents]
