"""Sources of earlier answers that are closed to the person by now.

What a person was told stays in their conversation. But a document that they may no longer see, or
that is gone, is shown to them no more, and nothing new is built on it.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.db.tables import StoredMessage
from app.services.answers.history import Turn
from app.services.people.access import Access
from app.services.people.grants import visible_documents


def close_sources(session: Session, access: Access, messages: Sequence[StoredMessage]) -> None:
    """Empties the words of closed documents beside the answers, in messages that were read only:
    in passages, citations, verdicts and the prompt."""
    if access.unrestricted:
        return
    visible = visible_documents(session, access, _documents(map(_sources, messages)))
    for message in messages:
        session.expunge(message)
        if _documents([_sources(message)]) <= visible:
            continue
        message.prompt, message.conflicts = [], []
        message.passages = _without_words(message.passages, visible)
        message.citations = _without_words(message.citations, visible)
        message.checks = [
            {**check, "sources": _without_words(check.get("sources", []), visible)}
            for check in message.checks
        ]


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


# The locator has a sheet's name in it.
_WORDS: Mapping[str, Any] = {"text": "", "title": "", "headings": [], "locator": None}


def _without_words(sources: Sequence[dict[str, Any]], visible: Set[str]) -> list[dict[str, Any]]:
    """Passages or citations, those of closed documents as places only."""
    return [
        source
        if source["document_id"] in visible
        else {**source, **{name: none for name, none in _WORDS.items() if name in source}}
        for source in sources
    ]


def _sources(message: StoredMessage) -> list[dict[str, Any]]:
    cited = (source for check in message.checks for source in check.get("sources", ()))
    return [*message.passages, *message.citations, *cited]


def _documents(passages: Iterable[Sequence[Mapping[str, Any]]]) -> set[str]:
    return {passage["document_id"] for some in passages for passage in some}
