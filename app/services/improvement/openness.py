"""Whether everyone who asks may read the bases that an adapter was trained from.

An adapter answers everyone, and what it was trained on may show in its answers: it inherits the
strictest restriction of its rows. People with an account ask, and so does whoever has a key for
some bases only: visitors of a web page with the widget, and people who write to a bot.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import cast

from sqlmodel import Session, col, select

from app.db.tables import ApiKey, GroupMember, KnowledgeBase, Person, utc_now
from app.services.people.access import Access, KeyScope
from app.services.people.grants import roles_in, withheld_from


def closed_bases(
    session: Session, base_ids: Collection[str], bot_bases: Sequence[Collection[str]]
) -> list[tuple[str, str]]:
    """Id and name of those that somebody who asks may not read, or not all of. What the key of a
    widget reads is public, hence closed to nobody. Where one person is alone, no base is closed to
    anybody else. One that was removed is closed, by its id.

    `bot_bases`: of each bot that its file narrows, the names or ids of its bases.
    """
    names = dict(
        session.exec(
            select(KnowledgeBase.id, KnowledgeBase.name).where(col(KnowledgeBase.id).in_(base_ids))
        ).all()
    )
    read = [{i for i in names if i in bases or names[i] in bases} for bases in bot_bases]
    public: set[str] = set()
    for access in _askers(session):
        roles = roles_in(session, access, base_ids)
        whole = {i for i, role in roles.items() if not withheld_from(session, access, {i: role})}
        read.append(whole)
        if access.scopes == {"widget"}:
            public |= whole
    if len(read) < 2:  # nobody else asks
        return []
    open_to_all = public.union(set(base_ids).intersection(*read))
    return [(each, names.get(each, each)) for each in sorted(set(base_ids) - open_to_all)]


def _askers(session: Session) -> Iterator[Access]:
    """Everyone with an account, and the keys that ask in some bases of their person only."""
    groups = defaultdict(set)
    for member in session.exec(select(GroupMember)):
        groups[member.person_id].add(member.group_id)
    people = {
        person.id: Access(person.id, person.name, group_ids=frozenset(groups[person.id]))
        for person in session.exec(select(Person).where(Person.state == "active"))
    }
    yield from people.values()
    now = utc_now()
    for key in session.exec(select(ApiKey).where(col(ApiKey.revoked_at).is_(None))).all():
        expired = key.expires_at is not None and key.expires_at <= now
        asks = not {"ask", "widget"}.isdisjoint(key.scopes)
        if asks and not expired and key.base_ids is not None and key.person_id in people:
            yield replace(
                people[key.person_id],
                scopes=frozenset(cast("list[KeyScope]", key.scopes)),
                base_ids=frozenset(key.base_ids),
                key_id=key.id,
            )
