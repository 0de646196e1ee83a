"""What passes between a sandbox and its process: JSON in frames with their length in front.

request   {"name", "size"} and then `size` bytes, the file; with {"page", "width"} to show a page
answer    any number of {"done", "total"}, then {"document"} or {"picture": [WebP, width, height]},
          or {"error": {"code", "message"}}
"""

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any, BinaryIO

from ingest.runs import PageRuns
from ingest.tables.wire import from_json as table_from_json
from ingest.tables.wire import to_json as table_to_json
from ingest.types import Block, BlockKind, Document, LocatorSpan, Notice, PageSpan

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size
MAX_FRAME_BYTES = 2**31

Frame = dict[str, Any]


def write_frame(stream: BinaryIO, frame: Frame) -> None:
    content = json.dumps(frame, ensure_ascii=False).encode("utf-8", "replace")
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def frame_length(prefix: bytes) -> int:
    return int(_LENGTH.unpack(prefix)[0])


def read_frame(content: bytes) -> Frame:
    """Raises ValueError where the content is no JSON object."""
    frame = json.loads(content)
    if not isinstance(frame, dict):
        raise ValueError("not a frame")
    return frame


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Raises EOFError where the stream ends before."""
    content = stream.read(size)
    if len(content) != size:
        raise EOFError
    return content


def to_json(document: Document) -> Frame:
    return {
        "id": document.id,
        "name": document.name,
        "media_type": document.media_type,
        "title": document.title,
        "text": document.text,
        "blocks": [[b.kind, b.start, b.end, b.level, b.row] for b in document.blocks],
        "pages": [[p.page, p.start, p.end] for p in document.pages],
        "places": [[p.label, p.start, p.end] for p in document.places],
        "tables": [table_to_json(table) for table in document.tables],
        "runs": [
            [r.page, r.width, r.height, r.start, r.end, b64encode(r.packed).decode()]
            for r in document.runs
        ],
        "notices": [[n.code, n.count, n.detail] for n in document.notices],
    }


def from_json(frame: Frame) -> Document:
    """Raises KeyError, TypeError or ValueError where the frame holds no document."""
    return Document(
        id=frame["id"],
        name=frame["name"],
        media_type=frame["media_type"],
        title=frame["title"],
        text=frame["text"],
        blocks=tuple(Block(BlockKind(kind), *numbers) for kind, *numbers in frame["blocks"]),
        pages=tuple(PageSpan(*page) for page in frame["pages"]),
        places=tuple(LocatorSpan(*place) for place in frame["places"]),
        tables=tuple(table_from_json(table) for table in frame["tables"]),
        runs=tuple(_page_runs(frame)),
        notices=tuple(Notice(*notice) for notice in frame["notices"]),
    )


def _page_runs(frame: Frame) -> Iterator[PageRuns]:
    """Checked, as nobody else knows yet whether they are those of the text."""
    for page, width, height, start, end, packed in frame["runs"]:
        found = PageRuns(page, float(width), float(height), start, end, b64decode(packed))
        if found.runs() and not 0 <= start < end <= len(frame["text"]):
            raise ValueError("runs beyond the text")
        yield found
