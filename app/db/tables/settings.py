"""Settings that are changed while the service runs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, utc_now


class StoredSetting(SQLModel, table=True):
    """A value that replaces the default. One in the environment comes before it."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True)
    value: Any = Field(sa_type=JSON)
    changed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
