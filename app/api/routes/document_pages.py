"""Pages of a document as they look, and where its words stand on them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from app.api.deps import MOST, App, Offset, Reading
from app.api.wire import Wire
from app.services.library.document_pages import PageBoxes
from app.services.library.pages import MAX_WIDTH_PX, MIN_WIDTH_PX
from ingest.pages.render import MEDIA_TYPE
from ingest.runs import SCALE

router = APIRouter(prefix="/api", tags=["documents"])

_WIDTH_PX = 1000
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


class BoxOut(Wire):
    """Shares of the page's width and height, from 0 to 1, from its upper left corner."""

    x0: float
    y0: float
    x1: float
    y1: float


class PageBoxesOut(Wire):
    """What a part of the text takes up on a page, line by line."""

    page: int  # counted from 1
    width: float  # of the page as it is shown: points, or pixels of a picture
    height: float
    boxes: list[BoxOut]


def page_boxes_out(page: PageBoxes) -> PageBoxesOut:
    boxes = [BoxOut(**_shares(*area)) for area in page.boxes]
    return PageBoxesOut(page=page.page, width=page.width, height=page.height, boxes=boxes)


def _shares(left: int, top: int, right: int, bottom: int) -> dict[str, float]:
    sides = {"x0": left, "y0": top, "x1": right, "y1": bottom}
    return {name: round(side / SCALE, 4) for name, side in sides.items()}


@router.get("/documents/{document_id}/pages/{number}", response_class=Response, responses=_PICTURE)
async def read_page(
    document_id: str,
    number: Annotated[int, Path(ge=1)],
    access: Reading,
    app: App,
    request: Request,
    width: Annotated[int, Query(ge=MIN_WIDTH_PX, le=MAX_WIDTH_PX)] = _WIDTH_PX,
) -> Response:
    """A page of a PDF or a picture as WebP, at most `width` pixels wide.

    409 `no_pages` for other formats; 422 with the reason where the page can't be drawn.
    """
    key = await app.pages.key(access, document_id, number, width)
    headers = {"ETag": key.tag, "Cache-Control": "private, no-cache"}  # asks before it is reused
    known = request.headers.get("if-none-match", "")
    if key.tag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    content = await app.pages.picture(access, document_id, key)
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


@router.get("/documents/{document_id}/boxes")
def list_boxes(
    document_id: str,
    access: Reading,
    app: App,
    start: Offset,
    end: Annotated[int, Query(ge=1, le=MOST)],
) -> list[PageBoxesOut]:
    """Where `[start, end)` of the stored text stands on the pages of the document.

    409 `no_pages` for formats without pages, `not_placed` for a document that was read by an
    earlier release; it is read again by itself.
    """
    return [page_boxes_out(page) for page in app.pages.boxes(access, document_id, start, end)]
