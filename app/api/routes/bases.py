"""Knowledge bases."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from app.api.deps import App, Reading, Writing
from app.api.wire import Wire
from app.services.library.bases import BaseSummary
from app.services.people.access import RoleName

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
    owner: str = Field(description="What the person whose base it is calls themselves")
    own: bool = Field(description="Whether it is yours, not only shared with you")
    role: RoleName = Field(description="What you may do in it")
    embedder: str
    document_count: int
    ready_count: int
    failed_count: int
    chunk_count: int
    created_at: datetime
    expires_at: datetime | None = Field(None, description="Of a conversation's attached files")


def base_out(summary: BaseSummary) -> BaseOut:
    base = summary.base
    return BaseOut(
        id=base.id,
        name=base.name,
        description=base.description,
        owner=summary.owner_name,
        own=summary.own,
        role=summary.role.word,
        embedder=base.embedder,
        document_count=summary.document_count,
        ready_count=summary.ready_count,
        failed_count=summary.failed_count,
        chunk_count=summary.chunk_count,
        created_at=base.created_at,
        expires_at=base.expires_at,
    )


@router.get("")
def list_bases(access: Reading, app: App) -> list[BaseOut]:
    """All knowledge bases that you may see, sorted by name."""
    return [base_out(summary) for summary in app.bases.all(access)]


@router.post("", status_code=201)
def create_base(body: BaseCreate, access: Writing, app: App) -> BaseOut:
    """Create a knowledge base; 409 if you have one of that name."""
    return base_out(app.bases.create(access, body.name, body.description))


@router.post("/attached", status_code=201)
def create_attached(access: Writing, app: App) -> BaseOut:
    """Create a knowledge base for the files of one conversation: yours alone, in no list, and
    removed after a day or with its conversation."""
    return base_out(app.bases.attach(access))


@router.get("/{base_id}")
def read_base(base_id: str, access: Reading, app: App) -> BaseOut:
    """One knowledge base."""
    return base_out(app.bases.get(access, base_id))


@router.patch("/{base_id}")
def update_base(base_id: str, body: BaseUpdate, access: Writing, app: App) -> BaseOut:
    """Change name or description."""
    return base_out(app.bases.update(access, base_id, body.name, body.description))


@router.delete("/{base_id}", status_code=204)
def delete_base(base_id: str, access: Writing, app: App) -> None:
    """Delete a knowledge base with all its documents."""
    app.documents.delete_base(access, base_id)
    app.pages.tidy()
