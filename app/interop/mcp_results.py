"""What the tools of the MCP server return; agents get the schemas, with these descriptions."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

_DOUBTED = frozenset({"unsupported", "contradicted"})


class Base(BaseModel):
    id: str
    name: str
    description: str
    documents: int
    ready: int = Field(description="Documents that can be searched")


class FoundDocument(BaseModel):
    id: str
    name: str
    path: str
    state: str
    pages: int | None
    updated_at: str


class Documents(BaseModel):
    documents: list[FoundDocument]
    total: int


class FoundPassage(BaseModel):
    """`document_id` and `ordinal` are what `read_section` takes."""

    document: str
    document_id: str
    ordinal: int
    page: int | None
    place: str | None = Field(description="In formats without pages, such as rows of a sheet")
    headings: list[str]
    text: str
    score: float = Field(description="Higher is better; comparable within one search only")


class Section(BaseModel):
    """`[start, end)` of the document's text."""

    document: str
    headings: list[str]
    text: str
    start: int
    end: int
    next_ordinal: int | None = Field(description="Where to read on; null at the end")


class Citation(BaseModel):
    marker: int = Field(description="[n] in the answer")
    document: str
    document_id: str
    page: int | None
    text: str


class Answered(BaseModel):
    answer: str
    citations: list[Citation]
    doubtful: list[str] = Field(description="Sentences that the sources do not support")
    conversation_id: str = Field(description="For a question that follows up on this one")


def answer_of(message: Mapping[str, Any]) -> Answered:
    text = message["content"]
    return Answered(
        answer=text,
        citations=[
            Citation(
                marker=cited["marker"],
                document=cited["document_name"],
                document_id=cited["document_id"],
                page=cited["page"],
                text=cited["text"],
            )
            for cited in message["citations"]
        ],
        doubtful=[
            text[check["start"] : check["end"]]
            for check in message["checks"]
            if check["verdict"] in _DOUBTED
        ],
        conversation_id=message["conversation_id"],
    )


def base_of(base: Mapping[str, Any]) -> Base:
    return Base(
        id=base["id"],
        name=base["name"],
        description=base["description"],
        documents=base["document_count"],
        ready=base["ready_count"],
    )


def document_of(document: Mapping[str, Any]) -> FoundDocument:
    return FoundDocument(
        id=document["id"],
        name=document["name"],
        path=document["path"],
        state=document["state"],
        pages=document["page_count"],
        updated_at=document["updated_at"],
    )


def passage_of(passage: Mapping[str, Any]) -> FoundPassage:
    return FoundPassage(
        document=passage["document_name"],
        document_id=passage["document_id"],
        ordinal=passage["ordinal"],
        page=passage["page"],
        place=passage["locator"],
        headings=passage["headings"],
        text=passage["text"],
        score=passage["score"],
    )
