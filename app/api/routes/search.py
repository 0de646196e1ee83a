"""Search without an answer."""

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import COUNTED_READING, App, Reading
from app.api.wire import PassageOut, Wire, passage_out

router = APIRouter(prefix="/api", tags=["search and chat"])


class SearchIn(Wire):
    query: str = Field(min_length=1)
    base_ids: list[str] = Field(min_length=1, max_length=1000)
    top_k: int = Field(6, ge=1, le=50)


class SearchOut(Wire):
    passages: list[PassageOut]
    timings_ms: dict[str, float]


@router.post("/search", dependencies=COUNTED_READING)
def search(body: SearchIn, access: Reading, app: App) -> SearchOut:
    """The best passages for a question, with the scores of every stage."""
    found = app.search.search(access, body.query, body.base_ids, body.top_k)
    return SearchOut(passages=[passage_out(p) for p in found.passages], timings_ms=found.timings_ms)
