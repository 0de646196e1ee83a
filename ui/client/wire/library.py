"""Knowledge bases, documents and what is in them."""

from typing import Literal, NotRequired, TypedDict

from ui.client.wire.people import Role

DocumentState = Literal["queued", "parsing", "embedding", "ready", "failed", "superseded"]


class Base(TypedDict):
    id: str
    name: str
    document_count: int
    ready_count: int
    failed_count: int
    role: NotRequired[Role]  # the visitor's
    own: NotRequired[bool]  # not only shared with the visitor
    owner: NotRequired[str]  # what its owner calls themselves
    expires_at: NotRequired[str | None]  # of a conversation's attached files


class Notice(TypedDict):
    """Something that was found in a file and left out."""

    code: str
    count: int
    detail: str


class Document(TypedDict):
    id: str
    base_id: str
    name: str
    path: str
    version: int
    size_bytes: int
    state: DocumentState
    done: int  # pages when parsing, chunks when embedding
    total: int
    jobs_before: int | None
    error_code: str | None
    error_detail: str | None
    page_count: int | None
    chunk_count: int
    notices: list[Notice]
    created_at: str


class DocumentList(TypedDict):
    items: list[Document]
    total: int


class Chunk(TypedDict):
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None
    headings: list[str]


class Text(TypedDict):
    """Characters [start, end) of a document's stored text."""

    text: str
    start: int
    end: int
    total_chars: int


class Cell(TypedDict):
    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    start: int
    role: Literal["column_head", "row_head", "none"]


class Table(TypedDict):
    """Its head, and the rows that lie in the part of the text that was asked for."""

    caption: str
    start: int
    end: int
    column_count: int
    cells: list[Cell]


class Box(TypedDict):
    """Shares of a page's width and height, from its upper left corner."""

    x0: float
    y0: float
    x1: float
    y1: float


class PageBoxes(TypedDict):
    """What a part of the text takes up on a page."""

    page: int
    boxes: list[Box]
