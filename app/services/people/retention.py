"""Deletes what is older than the settings allow, and what has expired."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import (
    ApiKey,
    AuditEntry,
    Conversation,
    KnowledgeBase,
    LoginSession,
    RateLimitHit,
    SignInAttempt,
    SignInLink,
    StoredMessage,
    utc_now,
)
from app.services.errors import NotFound
from app.services.library.removal import remove_base
from app.services.people.audit import Audit

_BATCH = 200  # conversations a transaction
_KEEP_REVOKED = timedelta(days=30)  # keys, so that somebody can still ask what one was


@dataclass(slots=True)
class Retention:
    """Days are counted from a conversation's last message; 0 keeps for ever. They may be changed
    between two sweeps."""

    db: Database
    audit: Audit
    conversations_days: int
    audit_days: int

    def sweep(self, now: datetime | None = None) -> None:
        now = now or utc_now()
        with self.db.write() as session:
            for table in (LoginSession, SignInLink, SignInAttempt, RateLimitHit):
                session.exec(delete(table).where(col(table.expires_at) <= now))
            revoked = now - _KEEP_REVOKED
            session.exec(delete(ApiKey).where(col(ApiKey.revoked_at) <= revoked))
        self._attached(now)
        if self.audit_days:
            horizon = now - timedelta(days=self.audit_days)
            with self.db.write() as session:
                session.exec(delete(AuditEntry).where(col(AuditEntry.at) < horizon))
        if self.conversations_days:
            self._conversations(now - timedelta(days=self.conversations_days))

    def _attached(self, now: datetime) -> None:
        """One by one: another process may remove them too."""
        expired = select(KnowledgeBase.id).where(col(KnowledgeBase.expires_at) <= now)
        with self.db.read() as session:
            base_ids = session.exec(expired).all()
        for base_id in base_ids:
            with suppress(NotFound), self.db.write() as session:
                remove_base(session, base_id)

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
