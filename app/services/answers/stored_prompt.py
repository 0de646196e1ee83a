"""Stored prompts and passages, as plain JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.db.engine import Database
from app.llm.messages import Message, ToolCall
from app.rag.retrieval.pack import Around
from app.rag.types import ChunkSpan, Passage, StageScores
from app.services.search.search import Passages


def stored_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Role, content and all other non-empty fields of each message."""
    return [{k: v for k, v in asdict(m).items() if v or k in ("role", "content")} for m in messages]


def served_messages(stored: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Restores the messages."""
    return tuple(
        Message(
            m["role"],
            m["content"],
            tuple(ToolCall(**call) for call in m.get("tool_calls", ())),
            m.get("tool_call_id", ""),
        )
        for m in stored
    )


def passage_from(stored: Mapping[str, Any]) -> Passage:
    """Restores a passage stored with an answer."""
    fields = {
        **stored,
        "headings": tuple(stored["headings"]),
        "trace": StageScores(**stored["trace"]),
        "parts": tuple(ChunkSpan(**part) for part in stored.get("parts", ())),
    }
    return Passage(**fields)


def chunks_behind(db: Database, passages: Sequence[Passage]) -> Around:
    """The chunk that follows each passage in its document, as it is now; it is not stored with the
    answer, and says whether a table goes on."""
    keys = {(p.document_id, p.ordinal + len(p.parts or (p,))) for p in passages}
    return {(each.document_id, each.ordinal): each for each in Passages(db).hydrate(keys)}
