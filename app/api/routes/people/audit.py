"""The audit trail, for administrators. It can be read only."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from app.api.deps import Administering, App, Limit, Offset
from app.api.wire import Wire
from app.db.tables import AuditEntry
from app.services.people.audit import AuditFilter

router = APIRouter(prefix="/api", tags=["people"])


class AuditOut(Wire):
    """Who did what to which object, from where, with what outcome."""

    id: int
    at: datetime
    person_id: str
    person_name: str
    key_id: str
    action: str
    object_kind: str
    object_id: str
    address: str
    outcome: Literal["done", "refused", "failed"]
    detail: dict[str, Any]


class AuditList(Wire):
    entries: list[AuditOut]
    total: int


def _filter(
    person_id: str = "",
    action: str = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> AuditFilter:
    return AuditFilter(person_id, action, since, until)


Wanted = Annotated[AuditFilter, Depends(_filter)]


def _out(entry: AuditEntry) -> AuditOut:
    return AuditOut.model_validate(entry.model_dump())


@router.get("/audit")
def list_audit(
    access: Administering, app: App, wanted: Wanted, limit: Limit = 50, offset: Offset = 0
) -> AuditList:
    """Audit entries, newest first."""
    entries, total = app.audit.page(wanted, limit=limit, offset=offset)
    return AuditList(entries=[_out(entry) for entry in entries], total=total)


@router.get("/audit.jsonl", response_class=StreamingResponse)
def export_audit(access: Administering, app: App, wanted: Wanted) -> StreamingResponse:
    """Audit entries, oldest first, one JSON object a line."""
    app.audit.add(access, "audit.export")

    def lines() -> Iterator[str]:
        for entry in app.audit.all(wanted):
            yield _out(entry).model_dump_json() + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")
