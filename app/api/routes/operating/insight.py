"""How bases are used, and what was asked and not found."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict

from app.api.deps import App, Reading, Writing
from app.api.wire import Wire
from app.services.insight.period import Period

router = APIRouter(prefix="/api/insight", tags=["insight"])

Days = Annotated[int, Query(ge=1, le=366, description="How many, today included")]
Zone = Annotated[
    str, Query(max_length=60, description="Where days begin at midnight: Asia/Shanghai; else UTC")
]


class _Out(Wire):
    model_config = ConfigDict(extra="ignore", from_attributes=True)


class CountsOut(_Out):
    """Questions to documents; those without an answer, or whose answer broke off; ratings."""

    asked: int
    not_found: int
    failed: int
    up: int
    down: int


class DayOut(CountsOut):
    day: date


class BaseFiguresOut(_Out):
    base_id: str
    name: str
    counts: CountsOut
    last_asked_at: datetime | None


class CitedOut(_Out):
    """`answers` cite the document, in any of its versions."""

    document_id: str
    name: str
    base_id: str
    answers: int


class FiguresOut(_Out):
    """`whole`: `total` and `days` count all bases of the installation, as administrators see them;
    `bases` and `documents` are always those that the caller edits."""

    whole: bool
    total: CountsOut
    days: list[DayOut]  # oldest first, all of them
    bases: list[BaseFiguresOut]
    documents: list[CitedOut]


class GapOut(_Out):
    """The same question, asked `times` by `people`. `answered`: an approved answer is given now."""

    id: str
    question: str
    times: int
    people: int
    base_ids: list[str]
    last_asked_on: date  # UTC
    answered: bool


class GapsOut(_Out):
    """`not_shown`: other questions, each asked by one person only, whose words stay theirs."""

    gaps: list[GapOut]
    not_shown: int


@router.get("/figures")
def read_figures(
    access: Reading, app: App, days: Days = 30, zone: Zone = "", base_id: str = ""
) -> FiguresOut:
    """Usage by day and base, and the documents that answers cite most: of the bases that you edit,
    or of one. Questions whose conversation was deleted don't count any more."""
    page = app.insight.figures.page(access, Period.of(days, zone), base_id)
    by_day = [
        DayOut(day=day, **CountsOut.model_validate(counts).model_dump())
        for day, counts in page.days
    ]
    return FiguresOut(
        whole=page.whole,
        total=CountsOut.model_validate(page.total),
        days=by_day,
        bases=[BaseFiguresOut.model_validate(each) for each in page.bases],
        documents=[CitedOut.model_validate(each) for each in page.documents],
    )


@router.get("/gaps")
def read_gaps(access: Reading, app: App, days: Days = 30, base_id: str = "") -> GapsOut:
    """What was asked and not found in the bases that you edit, most asked first. A question is
    shown once two others asked it, once its answer was rated, or where it is your own."""
    return GapsOut.model_validate(app.insight.gaps.page(access, Period.of(days), base_id))


@router.post("/gaps/{gap_id}/settle", status_code=204)
def settle_gap(gap_id: str, access: Writing, app: App, days: Days = 366) -> None:
    """Take a gap off the list; it comes back when somebody asks again and nothing is found."""
    app.insight.gaps.settle(access, Period.of(days), gap_id)
