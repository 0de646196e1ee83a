"""What a person may see: their role in each base, and what its restrictions withhold from them.

These queries decide every access; nothing else reads grants or restrictions for that.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, or_, select
from sqlmodel import Session, col

from app.db.tables import (
    BaseGrant,
    DocumentPath,
    KnowledgeBase,
    PathRestriction,
    RestrictionMember,
    StoredDocument,
)
from app.rag.types import Scope
from app.services.errors import NotFound
from app.services.people.access import Access, Role


def _is_subject(kind: Any, subject_id: Any) -> ColumnElement[bool]:
    return or_(
        and_(kind == "person", subject_id == bindparam("person_id")),
        and_(kind == "group", subject_id.in_(bindparam("group_ids", expanding=True))),
        kind == "everyone",
    )


# Built once: putting a statement together takes as long as running it.
_ROLES = (
    select(col(KnowledgeBase.id), col(KnowledgeBase.owner_id), func.max(col(BaseGrant.role)))
    .outerjoin(
        BaseGrant,
        and_(
            col(BaseGrant.base_id) == col(KnowledgeBase.id),
            _is_subject(col(BaseGrant.subject_kind), col(BaseGrant.subject_id)),
        ),
    )
    .group_by(col(KnowledgeBase.id), col(KnowledgeBase.owner_id))
)
_ROLES_IN = _ROLES.where(col(KnowledgeBase.id).in_(bindparam("base_ids", expanding=True)))
_WITHHELD = select(col(PathRestriction.id)).where(
    col(PathRestriction.base_id).in_(bindparam("base_ids", expanding=True)),
    ~exists().where(
        col(RestrictionMember.restriction_id) == col(PathRestriction.id),
        _is_subject(col(RestrictionMember.subject_kind), col(RestrictionMember.subject_id)),
    ),
)


def roles_in(
    session: Session, access: Access, base_ids: Collection[str] | None = None
) -> dict[str, Role]:
    """The person's role in each of the bases, or in all; those that they may not see are missing.

    An owner may everything; else the highest role counts that was granted to the person, to a
    group of theirs, or to everyone. A key sees only its own bases.
    """
    given = _subject(access)
    if base_ids is None:
        rows = session.connection().execute(_ROLES, given)
    else:
        rows = session.connection().execute(_ROLES_IN, {**given, "base_ids": list(base_ids)})
    found: dict[str, Role] = {}
    for base_id, owner_id, granted in rows:
        if access.base_ids is not None and base_id not in access.base_ids:
            continue
        if access.unrestricted or owner_id == access.person_id:
            found[base_id] = Role.OWNER
        elif granted is not None:
            found[base_id] = Role(granted)
    return found


def withheld_from(session: Session, access: Access, roles: dict[str, Role]) -> frozenset[str]:
    """Ids of the restrictions whose documents the person may not see in these bases."""
    base_ids = [base_id for base_id, role in roles.items() if role < Role.OWNER]
    if not base_ids:
        return frozenset()
    given = {**_subject(access), "base_ids": base_ids}
    return frozenset(session.connection().execute(_WITHHELD, given).scalars())


def scope_of(session: Session, access: Access, base_ids: Sequence[str]) -> Scope:
    """What a question of this person to these bases may be answered from.

    Raises NotFound for a base that is not there or that they may not see.
    """
    roles = roles_in(session, access, base_ids)
    for base_id in base_ids:
        if base_id not in roles:
            raise NotFound("knowledge base", base_id)
    return Scope(tuple(base_ids), withheld_from(session, access, roles))


def visible_documents(
    session: Session, access: Access, document_ids: Collection[str]
) -> frozenset[str]:
    """Those of the documents that are there and that the person may see."""
    if not document_ids:
        return frozenset()
    wanted = col(StoredDocument.id).in_(document_ids)
    bases = select(col(StoredDocument.base_id)).where(wanted).distinct()
    roles = roles_in(session, access, session.connection().execute(bases).scalars().all())
    seen = select(col(StoredDocument.id)).where(
        wanted,
        col(StoredDocument.base_id).in_(roles),
        ~is_withheld(withheld_from(session, access, roles)),
    )
    return frozenset(session.connection().execute(seen).scalars())


def is_withheld(withheld: Iterable[str]) -> ColumnElement[bool]:
    """Whether one of these restrictions covers a document: any of its paths is enough."""
    if not (ids := list(withheld)):
        return false()
    path, restricted = col(DocumentPath.path), col(PathRestriction.path)
    return exists().where(
        col(DocumentPath.document_id) == col(StoredDocument.id),
        col(PathRestriction.base_id) == col(DocumentPath.base_id),
        col(PathRestriction.id).in_(ids),
        covers(restricted, path),
    )


def covers(restricted: Any, path: Any) -> ColumnElement[bool]:
    """Whether a restricted path is that path or a folder around it. A folder may be written without
    its slash: whoever types one means what lies in it."""
    folder = func.rtrim(restricted, "/").concat("/")
    return or_(path == restricted, func.substr(path, 1, func.length(folder)) == folder)


def _subject(access: Access) -> dict[str, Any]:
    return {"person_id": access.person_id, "group_ids": sorted(access.group_ids)}
