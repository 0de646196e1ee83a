"""What answers tell beyond their text: about other people, other bases, and the limits of a key."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.db.tables import StoredFeedback
from app.rag.types import Task
from app.services.answers.ask import Asked
from app.services.errors import NotFound
from app.services.people.access import Access, Role
from tests.services.people.house import House, Paper, house


@pytest.fixture
def world(tmp_path: Path) -> Iterator[House]:
    """Nothing is shared."""
    with house(tmp_path) as made:
        yield made


def of(world: House, owner: str) -> Paper:
    return next(paper for paper in world.papers if world.owners[paper.base_id] == owner)


def asks(world: House, who: Access, question: str, *bases: str, **more: Any) -> Asked:
    """Asks and waits for the answer, "好的。"."""
    zhiwen = world.zhiwen
    asked = zhiwen.ask.ask(who, question, list(bases), more.pop("conversation", None), **more)
    if asked.answer.state == "streaming":
        world.model.enqueue("好的。")
    told(world, asked)
    return asked


def told(world: House, asked: Asked) -> dict[str, Any]:
    async def watch() -> dict[str, Any]:
        return {e.name: e.data async for _, e in world.zhiwen.ask.start(asked).watch()}

    return asyncio.run(watch())


def limited_key(who: Access, base_id: str) -> Access:
    return replace(who, key_id="key", base_ids=frozenset([base_id]))


@pytest.mark.parametrize("last", ["chat", "summarise", "qa"])
def test_a_key_reads_no_conversation_that_was_about_another_base(world: House, last: Task) -> None:
    """Whatever was asked last: the conversation then names other bases, or none."""
    bo, own, other = world.people["bo"], of(world, "bo"), of(world, "chen")
    zhiwen = world.zhiwen
    zhiwen.sharing.grant(world.people["chen"], other.base_id, ("person", "bo"), Role.READER)
    first = asks(world, bo, other.question, other.base_id)
    id_ = first.conversation.id
    if last == "summarise":
        asks(world, bo, "", conversation=id_, task=last, document_id=own.id)
    else:
        bases = [own.base_id] if last == "qa" else []
        asks(world, bo, own.question, *bases, conversation=id_, task=last)
    rating = StoredFeedback(message_id=first.answer.id, rating="up")
    zhiwen.feedback.put(bo, first.answer.id, rating)
    key = limited_key(bo, own.base_id)
    for closed in (
        lambda: zhiwen.conversations.get(key, id_),
        lambda: zhiwen.conversations.message(key, first.answer.id),
        lambda: zhiwen.conversations.delete(key, id_),
        lambda: zhiwen.ask.ask(key, "?", [], id_, task="chat"),
        lambda: zhiwen.ask.regenerate(key, first.answer.id),
    ):
        with pytest.raises(NotFound):
            closed()
    assert zhiwen.conversations.get(bo, id_)


def test_a_key_reads_no_summary_of_another_base(world: House) -> None:
    bo, other = world.people["bo"], of(world, "chen")
    zhiwen = world.zhiwen
    zhiwen.sharing.grant(world.people["chen"], other.base_id, ("person", "bo"), Role.READER)
    made = asks(world, bo, "", task="summarise", document_id=other.id)
    chat = asks(world, bo, "你好", task="chat")
    for asked in (made, chat):
        rating = StoredFeedback(message_id=asked.answer.id, rating="up")
        zhiwen.feedback.put(bo, asked.answer.id, rating)
    key = limited_key(bo, of(world, "bo").base_id)
    with pytest.raises(NotFound):
        zhiwen.conversations.get(key, made.conversation.id)
    assert zhiwen.conversations.get(key, chat.conversation.id), "it is about no base"
    rated, _ = zhiwen.feedback.page(key, rating="", base_id="", limit=9, offset=0)
    assert [row.answer.id for row in rated] == [chat.answer.id]


@pytest.mark.parametrize("task", ["chat", "translate", "summarise"])
def test_nothing_is_asked_in_the_name_of_a_base_that_one_may_not_see(
    world: House, task: Task
) -> None:
    """An answer is counted in its bases, and their editors review it."""
    bo, other = world.people["bo"], of(world, "chen")
    document = of(world, "bo").id if task == "summarise" else ""
    for base_id in (other.base_id, "gone"):
        with pytest.raises(NotFound, match=base_id):
            world.zhiwen.ask.ask(bo, "你好", [base_id], None, task=task, document_id=document)
    assert world.zhiwen.conversations.page(bo, query="", limit=9, offset=0) == ([], 0)


def test_a_chat_is_answered_again_after_its_base_is_gone(world: House) -> None:
    bo = world.people["bo"]
    base = world.zhiwen.bases.create(bo, "旧").base.id
    asked = asks(world, bo, "你好", base, task="chat")
    world.zhiwen.documents.delete_base(bo, base)
    assert world.zhiwen.ask.regenerate(bo, asked.answer.id).answer.base_ids == []


def test_another_answer_to_somebody_elses_question_names_no_conversation(world: House) -> None:
    bo, paper = world.people["bo"], of(world, "bo")
    asked = asks(world, bo, paper.question, paper.base_id)
    with pytest.raises(NotFound) as refused:
        world.zhiwen.ask.regenerate(world.people["chen"], asked.answer.id)
    with pytest.raises(NotFound) as none:
        world.zhiwen.ask.regenerate(world.people["chen"], "none")
    assert str(refused.value) == str(none.value).replace("none", asked.answer.id)


def test_that_somebody_else_asked_the_same_is_not_told(world: House) -> None:
    zhiwen, bo, paper = world.zhiwen, world.people["bo"], of(world, "bo")
    chen = world.people["chen"]
    zhiwen.sharing.grant(bo, paper.base_id, ("person", "chen"), Role.READER)
    world.model.enqueue(paper.sentence)
    first = zhiwen.ask.ask(bo, paper.question, [paper.base_id], None)
    told(world, first)
    for who, origin in ((chen, None), (bo, first.answer.id)):
        again = zhiwen.ask.ask(who, paper.question, [paper.base_id], None)
        assert again.answer.cached_from == first.answer.id, "it is reused"
        assert told(world, again)["done"].cached_from == origin
        assert zhiwen.conversations.message(who, again.answer.id).message.cached_from == origin
        views = zhiwen.conversations.get(who, again.conversation.id)[1]
        assert views[-1].message.cached_from == origin


def test_who_may_not_see_an_approved_answer_does_not_replace_it(world: House) -> None:
    """It rests on what is withheld from this editor, who approves another to the same question."""
    zhiwen, bo, chen = world.zhiwen, world.people["bo"], world.people["chen"]
    paper = of(world, "bo")
    kept = zhiwen.approved.add(bo, paper.question, paper.sentence, [paper.base_id]).approved
    zhiwen.sharing.grant(bo, paper.base_id, ("person", "chen"), Role.EDITOR)
    zhiwen.sharing.restrict(bo, paper.base_id, paper.path, [])
    assert zhiwen.approved.all(chen) == []
    other = zhiwen.approved.add(chen, paper.question, "没有编号。", [paper.base_id]).approved
    assert {view.approved.id for view in zhiwen.approved.all(bo)} == {kept.id, other.id}
    again = zhiwen.approved.add(chen, paper.question, "无编号。", [paper.base_id]).approved
    assert {view.approved.id for view in zhiwen.approved.all(bo)} == {kept.id, again.id}
    last = zhiwen.approved.add(bo, paper.question, paper.sentence, [paper.base_id]).approved
    assert [view.approved.id for view in zhiwen.approved.all(bo)] == [last.id]
