"""Data sets, the adapters trained from them, and which of these is served."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.db.tables.columns import AutoId, UtcDateTime, utc_now


class StoredDataSet(SQLModel, table=True):
    """A data set. It never changes: its rows are in DATA_DIR/datasets under the same name."""

    __tablename__ = "dataset"

    name: str = Field(primary_key=True)  # method and content: sft-0123456789ab
    # Who built it: the rows are what they may review. Empty where that was the shell, or the person
    # has left: then nobody who signs in sees them.
    person_id: str
    method: str  # sft, dpo, kto
    style: str  # of the prompts
    sha256: str
    card: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StoredAdapter(SQLModel, table=True):
    """A trained adapter. Its files are in DATA_DIR/adapters under its name."""

    __tablename__ = "adapter"

    name: str = Field(primary_key=True)  # by content, never used again: lora-0123456789ab
    base_model: str = Field(index=True)  # by its name in the registry
    base_sha256: str  # of the weights it was trained on
    dataset_name: str = Field(foreign_key="dataset.name", ondelete="RESTRICT")
    job_id: str | None = None  # that trained it; jobs may be forgotten
    sha256: str  # of its weights
    settings: dict[str, Any] = Field(sa_type=JSON)  # of the training
    curve: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # step, loss
    verdict: dict[str, Any] | None = Field(default=None, sa_type=JSON)  # of the gate; None before
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AdapterMove(SQLModel, table=True):
    """An alias of a model was moved to an adapter, or to none. The last move is where it is; the
    others are its history, and where it goes back to."""

    __tablename__ = "adapter_move"

    id: int | None = Field(default=None, primary_key=True, sa_type=AutoId)
    base_model: str = Field(index=True)
    alias: str  # champion, challenger
    adapter_name: str | None = Field(default=None, foreign_key="adapter.name", ondelete="RESTRICT")
    share: int = 0  # of conversations, in percent, that a challenger answers
    shadow: bool = False  # the challenger answers along, and nobody sees it
    back: bool = False  # to the one before
    # What got worse and by how much, where it was taken back without a person.
    guard: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    reason: str = ""
    moved_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class ShadowAnswer(SQLModel, table=True):
    """What a challenger would have answered, as far as it is counted; its text is not kept."""

    __tablename__ = "shadow_answer"

    message_id: str = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE")
    adapter_name: str = Field(primary_key=True, foreign_key="adapter.name", ondelete="CASCADE")
    refused: bool
    unsupported: bool  # it states what no source states
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
