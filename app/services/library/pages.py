"""Pages of documents: where words stand on them, and their pictures, which are made one at a time
and kept for a while.

A file may be made to do harm also where it is only shown: pages are drawn in the same kind of
sandbox that reads files.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import NamedTuple, Protocol

import anyio
import anyio.to_thread
from sqlmodel import col, select

from app.db.engine import Database
from app.db.errors import FileMissing
from app.db.files import FileStore
from app.db.tables import KnowledgeBase, StoredDocument
from app.services.errors import Busy, Invalid, NotFound
from app.services.library.document_pages import PageBoxes, boxes_between, require_pages
from app.services.library.documents import get_document
from app.services.people.access import Access
from ingest.errors import ParseError
from ingest.pages.render import NO_SUCH_PAGE, RenderedPage

MIN_WIDTH_PX, MAX_WIDTH_PX = 320, 1600
MAX_WAITING = 32  # requests; more are refused
_IDLE_S = 120.0  # until the process that draws is ended


class Renderer(Protocol):
    """`ingest.sandbox.sandbox.Sandbox`."""

    def render(self, data: bytes, name: str, page: int, width: int) -> RenderedPage: ...

    def close(self) -> None: ...


class PageKey(NamedTuple):
    """A page as it is drawn: nothing else decides what is seen."""

    sha256: str
    page: int
    width: int

    @property
    def tag(self) -> str:
        """An entity tag (RFC 9110)."""
        return f'"{self.sha256[:32]}-{self.page}-{self.width}"'


@dataclass(slots=True)
class Kept:
    """Pictures up to `max_bytes`, those used last."""

    max_bytes: int
    _pictures: OrderedDict[PageKey, bytes] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: PageKey) -> bytes | None:
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return self._pictures.get(key)

    def put(self, key: PageKey, content: bytes) -> None:
        with self._lock:
            self._bytes += len(content) - len(self._pictures.pop(key, b""))
            self._pictures[key] = content
            while self._bytes > self.max_bytes:
                self._bytes -= len(self._pictures.popitem(last=False)[1])

    def sums(self) -> set[str]:
        """SHA-256 of the files that something is kept of."""
        with self._lock:
            return {key.sha256 for key in self._pictures}

    def drop(self, sums: set[str]) -> None:
        with self._lock:
            for key in [key for key in self._pictures if key.sha256 in sums]:
                self._bytes -= len(self._pictures.pop(key))


@dataclass(slots=True)
class Pages:
    """One per process: `renderer` draws one page after the other."""

    db: Database
    files: FileStore
    renderer: Renderer
    kept: Kept
    _waiting: int = 0
    _used_at: float = 0.0
    _turn: anyio.CapacityLimiter | None = None

    def boxes(self, access: Access, document_id: str, start: int, end: int) -> list[PageBoxes]:
        """Where `[start, end)` of the stored text stands. Raises as `boxes_between`."""
        with self.db.read() as session:
            document = get_document(session, access, document_id)
            return boxes_between(session, document, start, end)

    async def key(self, access: Access, document_id: str, page: int, width: int) -> PageKey:
        """Raises NotFound, and Conflict `no_pages` for a format without pages."""
        document = await anyio.to_thread.run_sync(self._document, access, document_id)
        return PageKey(document.sha256, page, width)

    async def picture(self, access: Access, document_id: str, key: PageKey) -> bytes:
        """The page as WebP, `key.width` pixels wide at most.

        Raises NotFound, FileMissing, FilesUnavailable, Busy, and Invalid with the code of a
        ParseError for a file whose page can't be drawn.
        """
        if (found := self.kept.get(key)) is not None:
            return found
        if self._waiting >= MAX_WAITING:
            raise Busy("Too many pages are being drawn. Try again in a moment.")
        # Made where the event loop runs; waiting for it takes no thread from other requests.
        self._turn = self._turn or anyio.CapacityLimiter(1)
        self._waiting += 1
        try:
            drawn = partial(self._drawn, access, document_id, key)
            return await anyio.to_thread.run_sync(drawn, limiter=self._turn)
        finally:
            self._waiting -= 1

    def tidy(self) -> None:
        """Forget pages of removed documents; end a process that has nothing to draw. Called
        periodically, and after a removal."""
        if sums := self.kept.sums():
            with self.db.read() as session:
                of_bases = col(StoredDocument.base_id).in_(select(KnowledgeBase.id))
                query = select(StoredDocument.sha256).where(
                    col(StoredDocument.sha256).in_(sums), of_bases
                )
                held = session.exec(query).all()
                self.kept.drop(sums - {*held})
        if self._used_at and not self._waiting and time.monotonic() - self._used_at > _IDLE_S:
            self._used_at = 0.0
            self.renderer.close()

    def close(self) -> None:
        self.renderer.close()

    def _document(self, access: Access, document_id: str) -> StoredDocument:
        with self.db.read() as session:
            document = get_document(session, access, document_id)
        require_pages(document)
        return document

    def _drawn(self, access: Access, document_id: str, key: PageKey) -> bytes:
        if (found := self.kept.get(key)) is not None:  # by the request before
            return found
        document = self._document(access, document_id)
        try:
            with self.files.local(document.sha256) as path:
                data = path.read_bytes()
        except FileMissing as error:
            raise FileMissing(f"The original file of {document.name} is missing.") from error
        try:
            content = self.renderer.render(data, document.name, key.page, key.width).content
        except ParseError as error:
            if error.code == NO_SUCH_PAGE:
                raise NotFound(f"page of {document.name}", str(key.page)) from error
            raise Invalid(str(error), code=error.code) from error
        finally:
            self._used_at = time.monotonic()
        self.kept.put(key, content)
        return content
