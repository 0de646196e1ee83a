"""Groups, for administrators."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import Administering, App
from app.api.routes.people.people import PersonRef
from app.api.routes.people.session import GroupRef
from app.api.wire import Wire

router = APIRouter(prefix="/api/groups", tags=["people"])


class GroupIn(Wire):
    name: str = Field(max_length=120)


class GroupOut(GroupRef):
    created_at: datetime
    members: list[PersonRef]


@router.get("")
def list_groups(access: Administering, app: App) -> list[GroupOut]:
    """All groups with their members, by name."""
    return [
        GroupOut(
            id=each.group.id,
            name=each.group.name,
            created_at=each.group.created_at,
            members=[
                PersonRef(id=p.id, name=p.name, display_name=p.display_name) for p in each.members
            ],
        )
        for each in app.groups.all()
    ]


@router.post("", status_code=201)
def create_group(body: GroupIn, access: Administering, app: App) -> GroupRef:
    """Create a group."""
    group = app.groups.create(access, body.name)
    return GroupRef(id=group.id, name=group.name)


@router.patch("/{group_id}")
def rename_group(group_id: str, body: GroupIn, access: Administering, app: App) -> GroupRef:
    """Rename a group."""
    group = app.groups.rename(access, group_id, body.name)
    return GroupRef(id=group.id, name=group.name)


@router.delete("/{group_id}", status_code=204)
def remove_group(group_id: str, access: Administering, app: App) -> None:
    """Remove a group; its members lose access to what was shared with it."""
    app.groups.remove(access, group_id)


@router.put("/{group_id}/members/{person_id}", status_code=204)
def add_member(group_id: str, person_id: str, access: Administering, app: App) -> None:
    """Put a person into a group."""
    app.groups.add_member(access, group_id, person_id)


@router.delete("/{group_id}/members/{person_id}", status_code=204)
def remove_member(group_id: str, person_id: str, access: Administering, app: App) -> None:
    """Take a person out of a group."""
    app.groups.remove_member(access, group_id, person_id)
