"""What another version, model or setting changed in the answers to a base's own questions."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import COUNTED_WRITING, App, Reading, Writing
from app.api.routes.jobs import JobOut, jobs_out
from app.api.wire import Wire
from app.services.improvement.changes.compare import Better, Changed, Verdict, Worse

router = APIRouter(prefix="/api", tags=["improvement"])


class SourceOut(Wire):
    """A document that the answer could rest on; `name` is empty where it was removed."""

    id: str
    name: str


class ChangedAnswerOut(Wire):
    """`reasons`: those for getting worse first. `other`: neither is known."""

    question: str
    expected: str
    before: str
    after: str
    sources_before: list[SourceOut]
    sources_after: list[SourceOut]
    verdict: Verdict
    reasons: list[Worse | Better]


class ChangedSettingOut(Wire):
    """What is another than when the accepted answers were recorded: a version, model or setting."""

    name: str
    before: Any
    after: Any


class AnswerChangesOut(Wire):
    """`recording_id`, `recorded_at`, `accepted`: of the newest answers. `job`: the last that was to
    record some.

    `asked`: questions that both recordings have; None where there are no two. `changed` has those
    that got worse first, and of real questions the person's own; `others_changed` counts the rest,
    `others_worse` what got worse among them.
    """

    job: JobOut | None
    recording_id: str | None
    recorded_at: datetime | None
    accepted: bool
    asked: int | None
    settings: list[ChangedSettingOut]
    changed: list[ChangedAnswerOut]
    others_changed: int
    others_worse: int


class AcceptIn(Wire):
    recording_id: str = Field(min_length=1, max_length=64)


@router.get("/bases/{base_id}/changes")
def read_changes(base_id: str, access: Reading, app: App) -> AnswerChangesOut:
    """Answers to the base's own questions, those accepted and the newest, side by side."""
    found = app.changes.read(access, base_id)
    compared = found.compared
    settings = compared.settings.items() if compared else ()
    return AnswerChangesOut(
        job=jobs_out(app, [found.job])[0] if found.job else None,
        recording_id=found.newest.id if found.newest else None,
        recorded_at=found.newest.created_at if found.newest else None,
        accepted=bool(found.newest and found.newest.accepted_at),
        asked=compared.asked if compared else None,
        settings=[ChangedSettingOut(name=n, before=old, after=new) for n, (old, new) in settings],
        changed=[_out(each, found.documents) for each in compared.changed] if compared else [],
        others_changed=found.others_changed,
        others_worse=found.others_worse,
    )


@router.post("/bases/{base_id}/changes", status_code=202, dependencies=COUNTED_WRITING)
def record_answers(base_id: str, access: Writing, app: App) -> JobOut:
    """Have the worker answer the base's own questions as now; the job that waits, if one does. The
    tokens count on your account."""
    return jobs_out(app, [app.changes.measure(access, base_id)])[0]


@router.post("/bases/{base_id}/changes/accept", status_code=204)
def accept_answers(base_id: str, body: AcceptIn, access: Writing, app: App) -> None:
    """Compare later answers with these; 409 where there are newer ones, or these are accepted
    already."""
    app.changes.accept(access, base_id, body.recording_id)


def _out(changed: Changed, names: dict[str, str]) -> ChangedAnswerOut:
    return ChangedAnswerOut(
        question=changed.question,
        expected=changed.expected,
        before=changed.before,
        after=changed.after,
        sources_before=[_source(key, names) for key in changed.documents_before],
        sources_after=[_source(key, names) for key in changed.documents_after],
        verdict=changed.verdict,
        reasons=[*changed.worse, *changed.better],
    )


def _source(key: str, names: dict[str, str]) -> SourceOut:
    return SourceOut(id=key, name=names.get(key, ""))
