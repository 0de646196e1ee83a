"""What was delivered to bots before, so that each message is answered once."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from app.db.engine import Database
from app.db.races import again_after_a_race
from app.db.tables import BotDelivery, utc_now

_KEPT = timedelta(days=1)  # Feishu delivers again for some hours


@dataclass(frozen=True, slots=True)
class Seen:
    """Known to all API processes. Thread-safe."""

    db: Database

    @again_after_a_race
    def first_time(self, bot: str, ids: Sequence[str]) -> bool:
        """Whether none of the ids was seen; they are from now on, for a day. Blocks."""
        hashes = {_hash(bot, id_) for id_ in ids}
        with self.db.write() as session:
            old = utc_now() - _KEPT
            session.exec(delete(BotDelivery).where(col(BotDelivery.delivered_at) < old))
            known = select(BotDelivery.id_hash).where(col(BotDelivery.id_hash).in_(hashes))
            found = set(session.exec(known))
            session.add_all(BotDelivery(id_hash=each) for each in sorted(hashes - found))
        return not found


def _hash(bot: str, id_: str) -> str:
    return hashlib.sha256(json.dumps([bot, id_]).encode()).hexdigest()
