"""Who did what, when, from where and with what outcome. Entries are only added.

They name objects by kind and id and hold no text of questions, answers or documents.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from app.db.engine import Database
from app.db.tables import AuditEntry
from app.services.people.access import Access
from app.services.people.visitor import visitor

Outcome = Literal["done", "refused", "failed"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty fields do not filter. `since` is inclusive, `until` exclusive."""

    person_id: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.person_id:
            found.append(col(AuditEntry.person_id) == self.person_id)
        if self.action:
            found.append(col(AuditEntry.action) == self.action)
        if self.since is not None:
            found.append(col(AuditEntry.at) >= self.since)
        if self.until is not None:
            found.append(col(AuditEntry.at) < self.until)
        return found


@dataclass(frozen=True, slots=True)
class Audit:
    db: Database

    def add(
        self,
        access: Access | None,
        action: str,
        object_kind: str = "",
        object_id: str = "",
        *,
        outcome: Outcome = "done",
        address: str = "",
        **detail: Any,
    ) -> None:
        """Adds an entry in a transaction of its own; see `record`."""
        with self.db.write() as session:
            record(
                session,
                access,
                action,
                object_kind,
                object_id,
                outcome=outcome,
                address=address,
                **detail,
            )

    def page(
        self, wanted: AuditFilter, *, limit: int, offset: int
    ) -> tuple[Sequence[AuditEntry], int]:
        """Entries, newest first, and how many there are in all."""
        conditions = wanted.conditions()
        with self.db.read() as session:
            total = session.exec(
                select(func.count()).select_from(AuditEntry).where(*conditions)
            ).one()
            rows = session.exec(
                select(AuditEntry)
                .where(*conditions)
                .order_by(col(AuditEntry.id).desc())
                .limit(limit)
                .offset(offset)
            )
            return rows.all(), total

    def all(self, wanted: AuditFilter) -> Iterator[AuditEntry]:
        """Entries, oldest first, a batch a transaction."""
        last = 0
        while True:
            with self.db.read() as session:
                batch = session.exec(
                    select(AuditEntry)
                    .where(*wanted.conditions(), col(AuditEntry.id) > last)
                    .order_by(col(AuditEntry.id))
                    .limit(_BATCH)
                ).all()
            yield from batch
            if len(batch) < _BATCH:
                return
            last = batch[-1].id or 0


def record(
    session: Session,
    access: Access | None,
    action: str,
    object_kind: str = "",
    object_id: str = "",
    *,
    outcome: Outcome = "done",
    address: str = "",
    **detail: Any,
) -> None:
    """Adds an entry to the transaction of what it tells of, so that there is never one without the
    other. Not for the one person of an installation without a login; for the shell always.

    `access` is None where nobody is signed in. `address`: the current request's when empty.
    """
    if access is not None and access.unrestricted and access.person_id:
        return
    session.add(
        AuditEntry(
            person_id=access.person_id if access else "",
            person_name=access.name if access else "",
            key_id=access.key_id if access else "",
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            address=address or visitor().address,
            outcome=outcome,
            detail=detail,
        )
    )
