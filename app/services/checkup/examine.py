"""One check-up of a base, from its documents to the list of findings."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlmodel import Session, col, func, select

from app.db.engine import Database
from app.db.tables import (
    AskedBase,
    ChunkVector,
    DocumentText,
    KnowledgeBase,
    StoredChunk,
    StoredDocument,
    utc_now,
)
from app.services.checkup import contradictions, headings, twins, versions
from app.services.checkup.finding import SEVEREST_FIRST, Finding, Kind, Where
from app.services.insight.figures import last_cited

UNUSED_DAYS = 90
LEAST_QUESTIONS = 30  # in that time, before anything counts as unused
MOST_OF_A_KIND = 50  # listed; the others are counted
_READ_AT_ONCE = 20  # texts in memory

Show = Callable[[str, int, int], None]  # stage, how many of how many


@dataclass(slots=True)
class Read:
    """The ready documents of a base, and what is kept of their texts."""

    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    created: list[datetime] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    sketches: list[twins.Sketch] = field(default_factory=list)
    stated: dict[str, list[contradictions.Statement]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def where(self, place: int) -> Where:
        return Where(self.ids[place], self.names[place])


def examine(db: Database, base_id: str, search: headings.Search | None, show: Show) -> Any:
    """The result as JSON: `findings`, `more` that are not listed, and what was `left_out`.

    `search`: None where the base is of another embedder than the one that runs.
    """
    read = _read(db, base_id, show)
    left_out = [] if search else ["headings"]
    show("comparing", 0, 1)
    found = list(_doubles(db, base_id, read, left_out))
    with db.read() as session:
        unused = _unused(session, base_id, read)
        asked = headings.sections(session, base_id) if search else []
    if unused is None:
        left_out.append("unused")
    found += unused or []
    if search:
        for done, finding in enumerate(headings.not_findable(asked, search), 1):
            show("headings_searched", done, len(asked))
            found += [finding] if finding else []
    return _result(found, left_out, documents=len(read.ids), sections=len(asked))


def _result(found: Sequence[Finding], left_out: Sequence[str], **counts: int) -> dict[str, Any]:
    listed: list[Finding] = []
    more: Counter[Kind] = Counter()
    for finding in sorted(found, key=lambda each: SEVEREST_FIRST.index(each.kind)):
        if sum(each.kind == finding.kind for each in listed) < MOST_OF_A_KIND:
            listed.append(finding)
        else:
            more[finding.kind] += 1
    findings = [finding.as_json() for finding in listed]
    return {"findings": findings, "more": dict(more), "left_out": list(left_out), **counts}


def _read(db: Database, base_id: str, show: Show) -> Read:
    with db.read() as session:
        rows = session.exec(
            select(StoredDocument.id, StoredDocument.name, StoredDocument.created_at)
            .where(StoredDocument.base_id == base_id, StoredDocument.state == "ready")
            .order_by(col(StoredDocument.created_at), col(StoredDocument.id))
        ).all()
    read = Read()
    for start in range(0, len(rows), _READ_AT_ONCE):
        some = rows[start : start + _READ_AT_ONCE]
        with db.read() as session:
            texts = dict(
                session.exec(
                    select(DocumentText.document_id, DocumentText.text).where(
                        col(DocumentText.document_id).in_([id_ for id_, _, _ in some])
                    )
                ).all()
            )
        for id_, name, created in some:
            text = texts.get(id_, "")
            bared = twins.bare(text)
            place = len(read.ids)
            read.ids.append(id_)
            read.names.append(name)
            read.created.append(created)
            read.lengths.append(len(bared))
            read.digests.append(twins.digest(bared))
            read.sketches.append(twins.sketch(bared))
            for frame, statement in contradictions.statements_of(place, text):
                read.stated[frame].append(statement)
        show("reading", start + len(some), len(rows))
    return read


def _doubles(db: Database, base_id: str, read: Read, left_out: list[str]) -> Iterator[Finding]:
    """Of two documents. One that should go for one of these reasons is not compared further. Adds
    what can't be told to `left_out`."""
    going: set[int] = set()
    for later, first in twins.same_texts(read.digests, read.lengths):
        going.add(later)
        yield Finding("same_content", (read.where(later), read.where(first)))
    for older, newest, surely in versions.older_versions(read.names):
        alike = twins.resemblance(read.sketches[older], read.sketches[newest])
        if older not in going and (surely or alike >= twins.RELATED_FROM):
            going.add(older)
            yield Finding("superseded", (read.where(older), read.where(newest)))
    with db.read() as session:
        means = _means(session, base_id, read.ids)
    for one, other, share in twins.near_texts(means, read.sketches, read.lengths):
        if going.isdisjoint((one, other)):
            facts = {"percent": min(99, round(100 * share))}
            yield Finding("near_same", (read.where(one), read.where(other)), facts)
    pairs = contradictions.contradictions(read.stated, read.names, going)
    if pairs is None:
        left_out.append("contradictions")
    with db.read() as session:
        for pair in pairs or []:
            yield Finding("contradiction", tuple(_said_at(session, read, each) for each in pair))


def _said_at(session: Session, read: Read, said: contradictions.Statement) -> Where:
    id_ = read.ids[said.document]
    ordinal = session.exec(
        select(StoredChunk.ordinal)
        .where(StoredChunk.document_id == id_, StoredChunk.start <= said.start)
        .order_by(col(StoredChunk.start).desc())
    ).first()
    return Where(id_, read.names[said.document], ordinal or 0, said.text)


def _means(session: Session, base_id: str, ids: Sequence[str]) -> Any:
    """The mean vector of each document, a document at a time."""
    base = session.get_one(KnowledgeBase, base_id)
    means = np.zeros((len(ids), base.dim), np.float32)
    for place, id_ in enumerate(ids):
        stored = session.exec(
            select(ChunkVector.vector)
            .join(StoredChunk, col(StoredChunk.id) == col(ChunkVector.chunk_id))
            .where(StoredChunk.document_id == id_, ChunkVector.generation == base.generation)
        ).all()
        if stored:
            mean = np.frombuffer(b"".join(stored), "<f4").reshape(len(stored), -1).mean(axis=0)
            means[place] = mean / (np.linalg.norm(mean) or 1.0)
    return means


def _unused(session: Session, base_id: str, read: Read) -> list[Finding] | None:
    """None where the base was asked too little to tell."""
    since = utc_now() - timedelta(days=UNUSED_DAYS)
    asked = session.exec(
        select(func.count()).where(
            col(AskedBase.base_id) == base_id, col(AskedBase.asked_at) >= since
        )
    ).one()
    if asked < LEAST_QUESTIONS:
        return None
    last = last_cited(session, base_id)
    facts = {"days": UNUSED_DAYS, "questions": asked}
    return [
        Finding("unused", (read.where(place),), facts)
        for place, id_ in enumerate(read.ids)
        if read.created[place] < since and (id_ not in last or last[id_] < since)
    ]
