"""What messengers have delivered to bots."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, utc_now


class BotDelivery(SQLModel, table=True):
    """A message, by the hash of its bot and id: who delivers it chooses the id."""

    __tablename__ = "bot_delivery"

    id_hash: str = Field(primary_key=True)
    delivered_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
