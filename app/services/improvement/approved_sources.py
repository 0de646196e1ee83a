"""What an approved answer rests on, and whether it still stands."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlmodel import Session, col, func, select

from app.db.tables import DocumentText, KnowledgeBase, StoredDocument
from app.rag.types import Passage

Standing = Literal["current", "changed", "removed"]


def sources_of(
    session: Session, passages: Sequence[Passage], checks: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The spans that the verdicts rest on, or else the passages, each once, with the SHA-256 of its
    text."""
    spans = {
        (source["document_id"], source["start"], source["end"])
        for check in checks
        for source in check["sources"]
    } or {(passage.document_id, passage.start, passage.end) for passage in passages}
    return [
        {
            "document_id": id_,
            "start": start,
            "end": end,
            "sha256": _digest(session, id_, start, end),
        }
        for id_, start, end in sorted(spans)
    ]


def standing(session: Session, sources: Sequence[Mapping[str, Any]]) -> Standing:
    """`removed` where a document is gone, `changed` where it was replaced or says otherwise."""
    for source in sources:
        id_ = source["document_id"]
        state = session.exec(
            select(StoredDocument.state)
            .join(KnowledgeBase, col(KnowledgeBase.id) == col(StoredDocument.base_id))
            .where(StoredDocument.id == id_)
        ).first()
        if state is None:
            return "removed"
        if state != "ready":
            return "changed"
        if _digest(session, id_, source["start"], source["end"]) != source["sha256"]:
            return "changed"
    return "current"


def _digest(session: Session, document_id: str, start: int, end: int) -> str:
    """Only the span is read: a text may have millions of characters."""
    part = func.substr(col(DocumentText.text), start + 1, end - start)
    text = session.exec(select(part).where(DocumentText.document_id == document_id)).first()
    return hashlib.sha256((text or "").encode()).hexdigest()
