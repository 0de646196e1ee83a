"""Files inside a file: attachments of a message, members of an archive."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ingest.errors import IngestError, ParseError, UnsupportedFormat
from ingest.parsing.builder import DocumentBuilder

_MAX_DEPTH = 3  # an archive in a message in an archive
_HOSTILE = {"archive_bomb", "unsafe_names", "unsafe_xml"}
_depth: ContextVar[int] = ContextVar("depth", default=0)


def add_part(
    builder: DocumentBuilder, data: bytes, name: str, *, level: int, read_as: str = ""
) -> bool:
    """Read a file as a section of `builder`'s document; what cannot be read is named with the
    reason. `read_as` is a name with the suffix to read it by, where its own does not say. Returns
    whether it was read.

    Raises ParseError where the part is made to do harm: then the whole file is not to be trusted.
    """
    from ingest.parsers import parse

    try:
        with _deeper(name):
            part = parse(data, read_as or name)
    except UnsupportedFormat:
        builder.place("")
        builder.paragraph(f"[{name}]")
        return False
    except IngestError as error:
        if error.code in _HOSTILE:
            raise
        builder.place("")
        builder.paragraph(f"[{name}] {error}")
        return False
    builder.include(part, name, level=level)
    return True


@contextmanager
def _deeper(name: str) -> Iterator[None]:
    depth = _depth.get() + 1
    if depth > _MAX_DEPTH:
        raise ParseError(
            f"{name} lies more than {_MAX_DEPTH} archives deep. Unpack the outer ones first.",
            code="archive_bomb",
        )
    token = _depth.set(depth)
    try:
        yield
    finally:
        _depth.reset(token)
