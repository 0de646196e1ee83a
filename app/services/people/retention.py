"""Deletes what is older than the settings allow, and what has expired."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import (
    AuditEntry,
    Conversation,
    LoginSession,
    SignInAttempt,
    SignInLink,
    StoredMessage,
    utc_now,
)
from app.services.people.audit import Audit

_BATCH = 200  # conversations a transaction


@dataclass(frozen=True, slots=True)
class Retention:
    """Days are counted from a conversation's last message; 0 keeps for ever."""

    db: Database
    audit: Audit
    conversations_days: int
    audit_days: int

    def sweep(self, now: datetime | None = None) -> None:
        now = now or utc_now()
        with self.db.write() as session:
            for table in (LoginSession, SignInLink, SignInAttempt):
                session.exec(delete(table).where(col(table.expires_at) <= now))
        if self.audit_days:
            horizon = now - timedelta(days=self.audit_days)
            with self.db.write() as session:
                session.exec(delete(AuditEntry).where(col(AuditEntry.at) < horizon))
        if self.conversations_days:
            self._conversations(now - timedelta(days=self.conversations_days))

    def _conversations(self, horizon: datetime) -> None:
        """In small steps, since others wait to write meanwhile."""
        old = (
            select(Conversation.id)
            .where(
                col(Conversation.updated_at) < horizon,
                ~select(StoredMessage.id)
                .where(
                    StoredMessage.conversation_id == Conversation.id,
                    StoredMessage.state == "streaming",
                )
                .exists(),
            )
            .limit(_BATCH)
        )
        deleted = 0
        while True:
            with self.db.write() as session:
                batch = session.exec(old).all()
                session.exec(delete(Conversation).where(col(Conversation.id).in_(batch)))
            deleted += len(batch)
            if len(batch) < _BATCH:
                break
        if deleted:
            self.audit.add(None, "conversation.expire", deleted=deleted)
