"""Conversations, their messages, and ratings."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, new_id, utc_now

# Its prompts and passages make a message long: what is read of many is in the index.
_BRANCH = ("conversation_id", "shown", "position", "variant", "id", "parent_id", "chosen")


class Conversation(SQLModel, table=True):
    __tablename__ = "conversation"

    id: str = Field(default_factory=new_id, primary_key=True)
    owner_id: str = Field(foreign_key="person.id", index=True)
    title: str = ""
    base_ids: list[str] = Field(sa_type=JSON)
    model: str | None = None  # engine name or `auto`; None until one is selected
    pinned: bool = False
    attached_id: str | None = None  # the base of its attached files, which may have expired
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)


class StoredMessage(SQLModel, table=True):
    """A question or an answer. Answers store all that is needed to show, rate and export them.

    The messages of a conversation are a tree. An answer's parent is its question; a question's is
    the answer that it followed, and the first has none. Questions asked in the same place and
    answers to the same question are variants of each other. `app.services.answers.branches` reads
    the tree, from the index alone.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_role_created_at_id", "role", "created_at", "id"),
        Index("ix_message_branch", *_BRANCH),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", ondelete="CASCADE")
    position: int  # depth in the tree: questions are even
    variant: int = 0  # in the order of asking
    role: str  # user, assistant
    state: str = "complete"  # streaming, complete, stopped, interrupted, failed
    content: str = Field(default="", sa_type=Text)
    base_ids: list[str] = Field(default_factory=list, sa_type=JSON)
    model: str | None = None
    adapter: str | None = None
    # The engine that wrote it, why it was chosen, and engines that failed.
    served: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    finish_reason: str | None = None
    error_code: str | None = None
    error_detail: str | None = None
    rewritten: str = Field(default="", sa_type=Text)  # the question as searched, if otherwise
    # The model's text: the same as `content`, unless the extractive reader composed that.
    raw_output: str = Field(default="", sa_type=Text)
    thought: str = Field(default="", sa_type=Text)  # what the model thought before it answered
    prompt: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # messages as served
    passages: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    citations: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    confidence: float | None = (
        None  # answers only: confidence from 0 to 1 that the sources contain one
    )
    checks: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # per statement
    unsupported: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    conflicts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought_tokens: int = 0  # of the completion
    timings_ms: dict[str, float] = Field(default_factory=dict, sa_type=JSON)
    task: str = "qa"  # qa, chat, translate, summarise
    recipe: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # settings and versions
    answer_key: str | None = Field(default=None, index=True)  # cache key
    cached_from: str | None = None  # the answer that was reused
    approved_id: str | None = None  # the approved answer that was given, also if withdrawn
    trace_id: str = ""  # of the request for the answer
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    parent_id: str | None = None
    chosen: bool = True  # of questions asked in the same place, the one that is turned to
    shown: bool = True  # it and all questions before it are chosen
    stop_requested: bool = False  # of the process that writes it, by any other


class StoredFeedback(SQLModel, table=True):
    """The rating of an answer, which can be changed later."""

    __tablename__ = "feedback"

    message_id: str = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE")
    rating: str = Field(index=True)  # up, down
    reason: str | None = None  # wrong, not_in_sources, source_missing, out_of_date, badly_written
    comment: str = Field(default="", sa_type=Text)
    correction: str = Field(default="", sa_type=Text)
    right_chunk_id: int | None = Field(default=None, sa_type=BigInteger)
    trace_id: str = ""  # of the answer, to find a bad one in traces and logs
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
