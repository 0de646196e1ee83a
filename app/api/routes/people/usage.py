"""What people and their keys have used."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import Administering, App, SignedIn
from app.api.wire import Wire
from app.db.tables import UsageDay

router = APIRouter(prefix="/api", tags=["people"])

Days = Annotated[int, Query(ge=1, le=366, description="How many, today included; days are UTC")]


class UsageOut(Wire):
    """`key_id` is empty for what a person did themselves."""

    day: date
    person_id: str
    key_id: str
    requests: int
    tokens: int


class LimitsOut(Wire):
    """A day; 0 = none. Those of a person include their keys."""

    requests: int
    tokens: int
    key_requests: int
    key_tokens: int


class UsageList(Wire):
    items: list[UsageOut]
    limits: LimitsOut


@router.get("/usage")
def list_usage(access: Administering, app: App, days: Days = 30) -> UsageList:
    """Questions, searches and tokens per person, key and day, latest first."""
    return _out(app.usage.page(days), app)


@router.get("/me/usage")
def list_own_usage(access: SignedIn, app: App, days: Days = 30) -> UsageList:
    """Your own questions, searches and tokens per key and day, latest first."""
    return _out(app.usage.page(days, access.person_id), app)


def _out(rows: Iterable[UsageDay], app: App) -> UsageList:
    items = [UsageOut.model_validate(row.model_dump()) for row in rows]
    return UsageList(items=items, limits=LimitsOut.model_validate(app.usage.limits))
