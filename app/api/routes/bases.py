"""Knowledge bases."""

from fastapi import APIRouter

from app.api.deps import House
from app.api.schemas import BaseCreate, BaseOut, BaseUpdate
from app.api.views import base_out

router = APIRouter(prefix="/api/bases", tags=["knowledge bases"])


@router.get("")
def list_bases(house: House) -> list[BaseOut]:
    """All knowledge bases by name."""
    return [base_out(summary) for summary in house.bases.all()]


@router.post("", status_code=201)
def create_base(body: BaseCreate, house: House) -> BaseOut:
    """Create a knowledge base; 409 where the name is taken."""
    return base_out(house.bases.create(body.name, body.description))


@router.get("/{base_id}")
def read_base(base_id: str, house: House) -> BaseOut:
    """One knowledge base."""
    return base_out(house.bases.get(base_id))


@router.patch("/{base_id}")
def update_base(base_id: str, body: BaseUpdate, house: House) -> BaseOut:
    """Rename or describe it."""
    return base_out(house.bases.update(base_id, body.name, body.description))


@router.delete("/{base_id}", status_code=204)
def delete_base(base_id: str, house: House) -> None:
    """Delete it with all its documents."""
    house.documents.delete_base(base_id)
