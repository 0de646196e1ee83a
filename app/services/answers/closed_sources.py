"""Sources of earlier answers that are closed to the person by now.

What a person was told stays in their conversation. But a document that they may no longer see, or
that is gone, is shown to them no more, and nothing new is built on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.db.tables import StoredMessage
from app.services.answers.history import Turn
from app.services.people.access import Access
from app.services.people.grants import visible_documents


def close_sources(session: Session, access: Access, messages: Sequence[StoredMessage]) -> None:
    """Empties the texts of passages from closed documents, in messages that were read only."""
    if access.unrestricted:
        return
    visible = visible_documents(session, access, _documents(m.passages for m in messages))
    for message in messages:
        session.expunge(message)
        message.passages = [
            p if p["document_id"] in visible else {**p, "text": "", "headings": [], "title": ""}
            for p in message.passages
        ]
        if any(p["document_id"] not in visible for p in message.passages):
            message.prompt = []
            message.conflicts = []


def open_turns(session: Session, access: Access, turns: Sequence[Turn]) -> list[Turn]:
    """Without the answers that rest on a closed document, and their questions."""
    answers = [turn.id for turn in turns if turn.role == "assistant"]
    if access.unrestricted or not answers:
        return list(turns)
    query = select(col(StoredMessage.id), col(StoredMessage.passages)).where(
        col(StoredMessage.id).in_(answers)
    )
    rows = session.connection().execute(query)
    passages = {row.id: row.passages for row in rows}
    visible = visible_documents(session, access, _documents(passages.values()))
    closed = {
        turn.position for turn in turns if not _documents([passages.get(turn.id, [])]) <= visible
    }
    return [t for t in turns if t.position not in closed and t.position + 1 not in closed]


def rests_on_closed(session: Session, access: Access, message: StoredMessage) -> bool:
    """Whether a passage of the answer is of a closed document."""
    if access.unrestricted:
        return False
    documents = _documents([message.passages])
    return not documents <= visible_documents(session, access, documents)


def _documents(passages: Iterable[Sequence[Mapping[str, Any]]]) -> set[str]:
    return {passage["document_id"] for some in passages for passage in some}
