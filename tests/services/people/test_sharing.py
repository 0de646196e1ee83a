"""Grants and restrictions: what they open and close, from when on, and what is refused."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from app.db.tables import AuditEntry
from app.services.errors import Conflict, Forbidden, Invalid, NotFound
from app.services.people.access import EVERYONE, Access, Role
from tests.services.people.house import House, Paper, house
from tests.services.people.leaks import answer_to, original


@pytest.fixture
def world(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        made.draw(random.Random(0))
        for base_id, owner in made.owners.items():
            for grant in made.zhiwen.sharing.grants(made.people[owner], base_id):
                made.zhiwen.sharing.revoke(made.people[owner], base_id, grant.to.subject)
            for each in made.zhiwen.sharing.restrictions(made.people[owner], base_id):
                made.zhiwen.sharing.lift(made.people[owner], base_id, each.id)
        made.people = {name: Access(name, name) for name in made.people}
        yield made


def first(world: House, path: str = "制度/考勤.md") -> tuple[Paper, Access]:
    """A document, and its owner."""
    paper = next(paper for paper in world.papers if paper.path == path)
    return paper, world.people[world.owners[paper.base_id]]


def test_a_grant_opens_a_base_and_taking_it_back_closes_it(world: House) -> None:
    paper, owner = first(world)
    sharing, reader = world.zhiwen.sharing, world.people["ding"]
    with pytest.raises(NotFound):
        world.zhiwen.bases.get(reader, paper.base_id)
    sharing.grant(owner, paper.base_id, ("person", "ding"), Role.READER)
    assert world.zhiwen.bases.get(reader, paper.base_id).role == Role.READER
    with pytest.raises(Forbidden):
        world.zhiwen.documents.delete(reader, paper.id)
    sharing.revoke(owner, paper.base_id, ("person", "ding"))
    with pytest.raises(NotFound):
        world.zhiwen.documents.text(reader, paper.id, 0, 9)


def test_the_highest_of_several_roles_counts(world: House) -> None:
    paper, owner = first(world)
    sharing = world.zhiwen.sharing
    sharing.grant(owner, paper.base_id, EVERYONE, Role.READER)
    sharing.grant(owner, paper.base_id, ("group", "hr"), Role.EDITOR)
    member = Access("ding", "ding", group_ids=frozenset(["hr"]))
    assert world.zhiwen.bases.get(member, paper.base_id).role == Role.EDITOR
    assert world.zhiwen.bases.get(world.people["ding"], paper.base_id).role == Role.READER


@pytest.mark.parametrize("folder", ["制度/", "制度"])
def test_a_restriction_also_covers_what_comes_later(world: House, folder: str) -> None:
    paper, owner = first(world)
    zhiwen, reader = world.zhiwen, world.people["ding"]
    zhiwen.sharing.grant(owner, paper.base_id, ("person", "ding"), Role.EDITOR)
    zhiwen.sharing.restrict(owner, paper.base_id, folder, [("person", "an")])
    assert zhiwen.search.search(reader, paper.question, [paper.base_id], 6).passages
    late = zhiwen.documents.accept_bytes(owner, paper.base_id, "制度/新.md", b"# new")
    with pytest.raises(NotFound):
        zhiwen.documents.get(reader, late.document.id)
    with pytest.raises(Forbidden):
        zhiwen.documents.accept_bytes(reader, paper.base_id, "制度/我.md", b"# mine")


def test_a_folder_with_and_without_its_slash_is_one_place(world: House) -> None:
    paper, owner = first(world)
    sharing = world.zhiwen.sharing
    sharing.restrict(owner, paper.base_id, "制度", [])
    again = sharing.restrict(owner, paper.base_id, "制度/", [("person", "an")])
    assert sharing.restrictions(owner, paper.base_id) == [again]


def test_the_same_bytes_tell_nothing_of_a_document_that_is_withheld(world: House) -> None:
    paper, owner = first(world)
    zhiwen, editor = world.zhiwen, world.people["ding"]
    zhiwen.sharing.grant(owner, paper.base_id, ("person", "ding"), Role.EDITOR)
    zhiwen.sharing.restrict(owner, paper.base_id, "制度/", [])
    content = original(zhiwen, owner, paper.id)
    sent = zhiwen.documents.accept_bytes(editor, paper.base_id, "副本.md", content).document
    assert sent.id != paper.id
    assert zhiwen.documents.get(editor, sent.id).document.path == "副本.md"
    assert zhiwen.documents.known(editor, paper.base_id, [(paper.path, sent.sha256)]) == [None]


def test_what_was_told_stays_but_its_sources_close(world: House) -> None:
    paper, owner = first(world)
    zhiwen, reader = world.zhiwen, world.people["ding"]
    zhiwen.sharing.grant(owner, paper.base_id, ("person", "ding"), Role.READER)
    answer_to(world, reader, paper.question, [paper.base_id], says=paper.sentence)
    (conversation,), _ = zhiwen.conversations.page(reader, query="", limit=9, offset=0)
    asked, answer = (v.message for v in zhiwen.conversations.get(reader, conversation.id)[1])
    assert any(paper.secret in passage["text"] for passage in answer.passages)
    assert any(paper.secret in citation["text"] for citation in answer.citations)
    assert any(paper.secret in s["text"] for check in answer.checks for s in check["sources"])

    zhiwen.sharing.restrict(owner, paper.base_id, paper.path, [])

    _, later = (v.message for v in zhiwen.conversations.get(reader, conversation.id)[1])
    assert later.content == answer.content
    assert paper.secret not in repr(later.model_dump(exclude={"content", "raw_output"}))
    alone = zhiwen.conversations.message(reader, answer.id).message
    assert paper.secret not in repr(alone.model_dump(exclude={"content", "raw_output"}))
    with pytest.raises(Conflict, match="closed"):
        asyncio.run(zhiwen.replay.run(reader, answer.id))
    world.model.history.clear()
    world.model.enqueue("好的。")
    following = zhiwen.ask.ask(reader, "那么谁保管？", [paper.base_id], conversation.id)
    assert following.to_answer.history == (), "nothing is built on what is closed"
    assert asked.content == paper.question


def test_only_owners_share(world: House) -> None:
    paper, owner = first(world)
    sharing = world.zhiwen.sharing
    sharing.grant(owner, paper.base_id, ("person", "ding"), Role.EDITOR)
    for refused in (
        lambda who: sharing.grants(who, paper.base_id),
        lambda who: sharing.grant(who, paper.base_id, EVERYONE, Role.READER),
        lambda who: sharing.restrict(who, paper.base_id, "x/", []),
    ):
        with pytest.raises(Forbidden):
            refused(world.people["ding"])
        with pytest.raises(NotFound):
            refused(world.people["an"])


def test_what_makes_no_sense_is_refused(world: House) -> None:
    paper, owner = first(world)
    sharing = world.zhiwen.sharing
    with pytest.raises(Invalid):
        sharing.grant(owner, paper.base_id, EVERYONE, Role.EDITOR)
    with pytest.raises(NotFound):
        sharing.grant(owner, paper.base_id, ("person", "nobody"), Role.READER)
    with pytest.raises(Invalid):
        sharing.restrict(owner, paper.base_id, "../", [])
    with pytest.raises(Invalid):
        sharing.restrict(owner, paper.base_id, "x/", [EVERYONE])


def test_shares_are_in_the_audit(world: House) -> None:
    paper, owner = first(world)
    world.zhiwen.sharing.grant(owner, paper.base_id, ("person", "ding"), Role.READER)
    with world.zhiwen.db.read() as session:
        newest = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert newest is not None
    assert (newest.person_id, newest.action, newest.object_id) == (
        owner.person_id,
        "base.share",
        paper.base_id,
    )
    assert newest.detail == {"to": ["person", "ding"], "role": "reader"}
