"""Knowledge bases."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from app.api.deps import App
from app.api.wire import Wire
from app.services.library.bases import BaseSummary

router = APIRouter(prefix="/api/bases", tags=["knowledge bases"])

BaseName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class BaseCreate(Wire):
    name: BaseName
    description: str = Field("", max_length=2000)


class BaseUpdate(Wire):
    name: BaseName | None = None
    description: str | None = Field(None, max_length=2000)


class BaseOut(Wire):
    id: str
    name: str
    description: str
    embedder: str
    document_count: int
    ready_count: int
    failed_count: int
    chunk_count: int
    created_at: datetime


def base_out(summary: BaseSummary) -> BaseOut:
    base = summary.base
    return BaseOut(
        id=base.id,
        name=base.name,
        description=base.description,
        embedder=base.embedder,
        document_count=summary.document_count,
        ready_count=summary.ready_count,
        failed_count=summary.failed_count,
        chunk_count=summary.chunk_count,
        created_at=base.created_at,
    )


@router.get("")
def list_bases(app: App) -> list[BaseOut]:
    """All knowledge bases, sorted by name."""
    return [base_out(summary) for summary in app.bases.all()]


@router.post("", status_code=201)
def create_base(body: BaseCreate, app: App) -> BaseOut:
    """Create a knowledge base; 409 if the name is taken."""
    return base_out(app.bases.create(body.name, body.description))


@router.get("/{base_id}")
def read_base(base_id: str, app: App) -> BaseOut:
    """One knowledge base."""
    return base_out(app.bases.get(base_id))


@router.patch("/{base_id}")
def update_base(base_id: str, body: BaseUpdate, app: App) -> BaseOut:
    """Change name or description."""
    return base_out(app.bases.update(base_id, body.name, body.description))


@router.delete("/{base_id}", status_code=204)
def delete_base(base_id: str, app: App) -> None:
    """Delete a knowledge base with all its documents."""
    app.documents.delete_base(base_id)
    app.pages.tidy()
