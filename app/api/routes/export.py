"""Rated answers as training data."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from app.api.deps import App, Exporting
from app.api.routes.feedback import Rating
from app.api.wire import Wire
from app.services.errors import Invalid
from app.tuning.errors import SelectionInvalid
from app.tuning.export import jsonl
from app.tuning.types import Format, Selection

router = APIRouter(prefix="/api", tags=["conversations and feedback"])


class LeftOut(Wire):
    message_id: str
    reason: str


class ExportReport(Wire):
    format: str
    considered: int
    exported: int
    left_out: list[LeftOut]


def _selection(
    base_id: str | None = None,
    rating: Rating | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    supported_only: bool = False,
) -> Selection:
    try:
        return Selection(base_id, rating, since, until, supported_only)
    except SelectionInvalid as error:
        raise Invalid(str(error), code="selection") from error


Filters = Annotated[Selection, Depends(_selection)]


@router.get("/export", response_class=Response)
def export(
    access: Exporting, app: App, format: Annotated[Format, Query()], filters: Filters
) -> Response:
    """Rated answers as a JSON Lines file for fine-tuning."""
    rows, _ = app.feedback.export(access, format, filters)
    return Response(
        "".join(jsonl(rows)).encode(),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="zhiwen-{format}.jsonl"'},
    )


@router.get("/export/report")
def export_report(
    access: Exporting, app: App, format: Annotated[Format, Query()], filters: Filters
) -> ExportReport:
    """Summary of the export: exported rows, and excluded answers with reasons."""
    report = app.feedback.report(access, format, filters)
    return ExportReport(
        format=report.format,
        considered=report.considered,
        exported=report.exported,
        left_out=[
            LeftOut(message_id=item.message_id, reason=item.reason.words)
            for item in report.left_out
        ],
    )
