"""Moves of aliases in SQL: the last one of an alias says where it points."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from sqlmodel import Session, col, func, select

from app.db.tables import AdapterMove

Alias = Literal["champion", "challenger"]
ALIASES: tuple[Alias, ...] = get_args(Alias)


def moves(session: Session, base_model: str, alias: Alias) -> Sequence[AdapterMove]:
    """Oldest first."""
    return session.exec(
        select(AdapterMove)
        .where(AdapterMove.base_model == base_model, AdapterMove.alias == alias)
        .order_by(col(AdapterMove.id))
    ).all()


def newest(session: Session) -> int:
    """The number of the last move of any model; 0 where nothing was ever served."""
    return session.exec(select(func.max(AdapterMove.id))).one() or 0


def served(session: Session, base_model: str) -> dict[Alias, AdapterMove]:
    """The last move of each alias that points somewhere."""
    found: dict[Alias, AdapterMove] = {}
    for alias in ALIASES:
        made = moves(session, base_model, alias)
        if made and made[-1].adapter_name:
            found[alias] = made[-1]
    return found


def champions(session: Session, base_model: str) -> list[AdapterMove]:
    """Those that led to the present champion, each once it replaced the one before."""
    stack: list[AdapterMove] = []
    for made in moves(session, base_model, "champion"):
        if made.back and stack:
            stack.pop()
        elif made.adapter_name and (not stack or stack[-1].adapter_name != made.adapter_name):
            stack.append(made)
    return stack


def move(
    session: Session, base_model: str, alias: Alias, name: str | None, reason: str, **about: Any
) -> None:
    """Nothing happens where the alias points there already, in the same way."""
    present = served(session, base_model).get(alias)
    here = (present.adapter_name, present.share, present.shadow) if present else (None, 0, False)
    if here == (name, about.get("share", 0), about.get("shadow", False)):
        return
    session.add(
        AdapterMove(base_model=base_model, alias=alias, adapter_name=name, reason=reason, **about)
    )
    session.flush()
