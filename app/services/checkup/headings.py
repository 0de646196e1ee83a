"""Sections that searching for their own heading does not find: how they are cut or named is wrong,
or others drown them."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlmodel import Session, col

from app.db.tables import StoredChunk, StoredDocument
from app.rag.types import Passage
from app.services.checkup.finding import Finding, Where

SAMPLE = 40  # sections
TOP_K = 10
_LEAST_CHARS, _MOST_CHARS = 4, 60
_NUMBERING = re.compile(
    r"^\s*(?:第[\d一二三四五六七八九十百]+[章节条篇部分]|[\d.]+|[（(]?[一二三四五六七八九十\d]+[）)、.])\s*"
)
_WORDS = re.compile(r"[^\W\d_]")

Search = Callable[[str], Sequence[Passage]]  # of a question in the base, the best first


@dataclass(slots=True)
class Section:
    document_id: str
    name: str
    heading: str
    ordinal: int
    chunk_ids: set[int] = field(default_factory=set)


def sections(session: Session, base_id: str) -> list[Section]:
    """A sample of those whose heading no other section of the base has, the same each time."""
    columns = (
        col(StoredChunk.id),
        col(StoredChunk.document_id),
        col(StoredChunk.ordinal),
        col(StoredChunk.headings),
        col(StoredDocument.name),
    )
    rows = session.connection().execute(
        select(*columns)
        .join(StoredDocument, col(StoredDocument.id) == col(StoredChunk.document_id))
        # Of the document: the chunks of a removed one keep their base until they are deleted.
        .where(col(StoredDocument.base_id) == base_id, col(StoredDocument.state) == "ready")
        .order_by(col(StoredChunk.document_id), col(StoredChunk.ordinal))
    )
    by_heading: dict[str, dict[tuple[str, str], Section]] = defaultdict(dict)
    for chunk_id, document_id, ordinal, headings, name in rows:
        if not headings:
            continue
        heading = _NUMBERING.sub("", headings[-1]).strip()
        own = by_heading[heading.casefold()]
        path = (document_id, "\0".join(headings))
        section = own.setdefault(path, Section(document_id, name, heading, ordinal))
        section.chunk_ids.add(chunk_id or 0)
    alone = [next(iter(own.values())) for own in by_heading.values() if len(own) == 1]
    telling = [each for each in alone if _tells(each.heading)]
    return sorted(telling, key=_by_chance)[:SAMPLE]


def not_findable(found: Sequence[Section], search: Search) -> Iterator[Finding | None]:
    """One for each section, None for those that are found."""
    for section in found:
        passages = search(section.heading)
        seen = {passage.chunk_id for passage in passages}
        seen |= {part.chunk_id for passage in passages for part in passage.parts}
        if seen & section.chunk_ids:
            yield None
        else:
            where = Where(section.document_id, section.name, section.ordinal, section.heading)
            yield Finding("not_findable", (where,), {"places": TOP_K})


def _tells(heading: str) -> bool:
    return _LEAST_CHARS <= len(heading) <= _MOST_CHARS and len(_WORDS.findall(heading)) >= 3


def _by_chance(section: Section) -> str:
    return hashlib.sha256(f"{section.document_id}{section.heading}".encode()).hexdigest()
