"""The bases that a search is about, as the database has them now."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from app.db.tables import KnowledgeBase
from app.services.errors import NotFound, WrongEmbedder

_BASES = select(KnowledgeBase).where(col(KnowledgeBase.id).in_(bindparam("ids", expanding=True)))


def bases_by_id(session: Session, ids: Collection[str]) -> dict[str, KnowledgeBase]:
    """Those that are there."""
    return {base.id: base for base in session.exec(_BASES, params={"ids": list(ids)})}


def asked_bases(
    found: Mapping[str, KnowledgeBase], ids: Sequence[str], embedder_name: str
) -> list[KnowledgeBase]:
    """In the order of `ids`. Raises NotFound for one that is not among `found`, and WrongEmbedder
    where its vectors are another model's."""
    bases: list[KnowledgeBase] = []
    for id_ in ids:
        base = found.get(id_)
        if base is None:
            raise NotFound("knowledge base", id_)
        if base.embedder != embedder_name:
            raise WrongEmbedder(base.name, base.embedder, embedder_name)
        bases.append(base)
    return bases
