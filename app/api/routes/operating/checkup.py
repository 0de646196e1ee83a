"""The check-up of a base."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.api.deps import App, Reading, Writing
from app.api.routes.jobs import JobOut, jobs_out
from app.api.wire import Wire
from app.services.checkup.check_ups import CheckUpView
from app.services.checkup.finding import Kind
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/api/bases/{base_id}/check-up", tags=["insight"])


class _Out(Wire):
    model_config = ConfigDict(extra="ignore", from_attributes=True)


class PlaceOut(_Out):
    document_id: str
    name: str
    ordinal: int  # of the chunk
    text: str  # the words it is about, or empty


class FindingOut(_Out):
    """`places`: the first is the one to do something about. `facts`: `percent` of the text in
    common, `days` without a citation, or `places` among which a section was not found."""

    key: str
    kind: Kind
    places: list[PlaceOut]
    facts: dict[str, Any]


class CheckUpOut(_Out):
    """`job`: the newest check-up; the rest is what the last one found that ended, `found_at`.

    `more`: findings by kind that are not listed; `ignored`: how many are not shown any more.
    `left_out`: `headings` where the base has another embedder, `contradictions` where documents are
    forms that differ in all their numbers, `unused` where the base is asked too
    little to tell.
    """

    job: JobOut | None
    found_at: datetime | None
    findings: list[FindingOut]
    ignored: int
    more: dict[Kind, int]
    left_out: list[str]
    documents: int
    sections: int


class Ignored(Wire):
    key: str = Field(max_length=64)


def _out(app: Zhiwen, view: CheckUpView) -> CheckUpOut:
    job = jobs_out(app, [view.job])[0] if view.job else None
    fields = {name: getattr(view, name) for name in CheckUpOut.model_fields if name != "job"}
    return CheckUpOut.model_validate({**fields, "left_out": list(view.left_out), "job": job})


@router.get("")
def read_check_up(base_id: str, access: Reading, app: App) -> CheckUpOut:
    """What the last check-up found, the severest first, and how far a running one is."""
    return _out(app, app.insight.check_ups.view(access, base_id))


@router.post("", status_code=202)
def start_check_up(base_id: str, access: Writing, app: App) -> CheckUpOut:
    """Have the worker look for contradictions, outdated versions, duplicates, sections that are not
    found by their heading, and documents that no answer cites. 409 while one is under way; cancel
    it by `POST /api/jobs/{job_id}/cancel`."""
    return _out(app, app.insight.check_ups.start(access, base_id))


@router.post("/ignored", status_code=204)
def ignore_finding(base_id: str, body: Ignored, access: Writing, app: App) -> None:
    """Don't show a finding again."""
    app.insight.check_ups.ignore(access, base_id, body.key)


@router.delete("/ignored", status_code=204)
def show_ignored(base_id: str, access: Writing, app: App) -> None:
    """Show ignored findings again."""
    app.insight.check_ups.show_ignored(access, base_id)
