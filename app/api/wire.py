"""Request and response models shared by several routes, and their base class."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.rag.types import Passage


class Wire(BaseModel):
    """Unknown fields are rejected, so that typos are not silently ignored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Problem(BaseModel):
    """application/problem+json, RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None
    code: str
    errors: list[dict[str, Any]] | None = None


class ScoresOut(Wire):
    dense: float | None
    lexical: float | None
    fused: float
    rerank: float | None


class PartOut(Wire):
    """A chunk inside a passage, or the part of it on one page."""

    chunk_id: int
    start: int
    end: int
    page: int | None
    locator: str | None = None


class PassageOut(Wire):
    chunk_id: int
    document_id: str
    document_name: str
    base_id: str
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None
    title: str
    headings: list[str]
    score: float
    trace: ScoresOut
    locator: str | None = None
    parts: list[PartOut] = []


def passage_out(passage: Passage | Mapping[str, Any]) -> PassageOut:
    """Converts a retrieved passage, or one stored with an answer."""
    return PassageOut.model_validate(asdict(passage) if isinstance(passage, Passage) else passage)
