"""Everything that a person can get out of the services, in one case: the texts that came back."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from app.db.tables import StoredFeedback
from app.services.errors import ServiceError
from app.services.insight.period import Period
from app.services.people.access import Access
from app.tuning.types import Selection
from app.wiring.application import Zhiwen
from tests.services.people.house import House, Paper


def said_to(
    house: House, who: Access, paper: Paper, dice: random.Random
) -> Iterator[tuple[str, str]]:
    """(where it was said, what) for half of the ways to `paper` and around it, and for one of those
    that ask a model. Errors are said as well."""
    zhiwen = house.zhiwen
    bases = zhiwen.bases.all(who)
    yield "bases", repr([(b.base.name, b.document_count, b.chunk_count) for b in bases])
    asked = [summary.base.id for summary in bases] or [paper.base_id]
    ways: dict[str, Callable[[], Any]] = {
        "base": lambda: zhiwen.bases.get(who, paper.base_id).base.name,
        "list": lambda: [
            (v.document.path, v.document.title)
            for v in zhiwen.documents.page(who, paper.base_id, limit=99, offset=0)[0]
        ],
        "document": lambda: zhiwen.documents.get(who, paper.id).document.path,
        "text": lambda: zhiwen.documents.text(who, paper.id, 0, 9999).text,
        "chunks": lambda: [
            c.text for c in zhiwen.documents.chunks(who, paper.id, limit=9, offset=0)
        ],
        "file": lambda: original(zhiwen, who, paper.id).decode(),
        "versions": lambda: [v.document.title for v in zhiwen.documents.versions(who, paper.id)],
        "tables": lambda: zhiwen.documents.tables(who, paper.id, 0, 99),
        "boxes": lambda: zhiwen.pages.boxes(who, paper.id, 0, 9),
        "move": lambda: copied(house, who, paper),
        "search here": lambda: _passages(
            zhiwen.search.search(who, paper.question, [paper.base_id], 6).passages
        ),
        "search": lambda: _passages(zhiwen.search.search(who, paper.question, asked, 6).passages),
    }
    ways_to_ask: dict[str, Callable[[], Any]] = {
        "summary": lambda: (
            zhiwen.ask.ask(
                who, "", [], None, task="summarise", document_id=paper.id
            ).question.content
        ),
        "answer": lambda: answer_to(house, who, paper.question, asked),
        "list of files": lambda: answer_to(house, who, "知识库里有哪些文件？", asked, fresh=True),
        "over /v1": lambda: direct_to(house, who, paper.question),
    }
    asks = dice.choice(list(ways_to_ask))
    ways_to_read: dict[str, Callable[[], Any]] = {
        "jobs": lambda: zhiwen.jobs.newest(who),
        "ratings": lambda: [
            (row.question, row.answer.content, row.answer.passages)
            for row in zhiwen.feedback.page(who, rating="", base_id="", limit=99, offset=0)[0]
        ],
        "export": lambda: zhiwen.feedback.export(who, "messages", Selection())[0],
        "approved": lambda: [
            (v.approved.answer, v.approved.passages) for v in zhiwen.approved.all(who)
        ],
        "questions": lambda: zhiwen.regression.questions(who, paper.base_id),
        "evaluations": lambda: evaluations(zhiwen, who, paper.base_id),
        "check-up": lambda: zhiwen.insight.check_ups.view(who, paper.base_id).findings,
        "changes": lambda: zhiwen.changes.read(who, paper.base_id),
        "gaps": lambda: zhiwen.insight.gaps.page(who, Period.of(30)).gaps,
        "figures": lambda: zhiwen.insight.figures.page(who, Period.of(30)),
        "data sets": lambda: data_sets(zhiwen, who),
        "conversations": lambda: [
            [m.message.model_dump() for m in zhiwen.conversations.get(who, c.id)[1]]
            for c in zhiwen.conversations.page(who, query="", limit=99, offset=0)[0]
        ],
    }
    taken = {*dice.sample([*ways, *ways_to_read], (len(ways) + len(ways_to_read)) // 2), asks}
    for name, way in {**ways, **ways_to_ask, **ways_to_read}.items():
        if name not in taken | ALWAYS:
            continue
        try:
            yield name, repr(way())
        except ServiceError as error:
            yield name, str(error)


def original(zhiwen: Zhiwen, who: Access, document_id: str) -> bytes:
    with zhiwen.documents.original(who, document_id)[1] as path:
        return path.read_bytes()


def evaluations(zhiwen: Zhiwen, who: Access, base_id: str) -> list[Any]:
    """Results and reports."""
    runs = zhiwen.evaluations
    return [
        (runs.get(who, base_id, run.id), runs.report(who, base_id, run.id))
        for run in runs.all(who, base_id)
    ]


def copied(house: House, who: Access, paper: Paper) -> str:
    """The bytes of a copy in another base, which is gone afterwards."""
    zhiwen = house.zhiwen
    other = next(base_id for base_id in house.owners if base_id != paper.base_id)
    copy = zhiwen.moving.move(who, paper.id, other, keep=True).document
    try:
        return original(zhiwen, who, copy.id).decode()
    finally:
        zhiwen.documents.delete(house.people[house.owners[other]], copy.id)


def data_sets(zhiwen: Zhiwen, who: Access) -> list[Any]:
    """What an administrator builds, and the rows of all that they have."""
    if not who.admin:
        return []
    zhiwen.datasets.build(who, "sft", "answer")
    return [zhiwen.datasets.rows(each.name).rows for each in zhiwen.datasets.all(who)]


def _passages(found: Any) -> list[dict[str, Any]]:
    return [asdict(passage) for passage in found]


def answer_to(
    house: House,
    who: Access,
    question: str,
    base_ids: list[str],
    *,
    fresh: bool = False,
    says: str = "编号如资料所示。",
) -> Any:
    """The prompt that the model got counts as said: it may repeat any of it."""
    house.model.history.clear()
    house.model.enqueue(says)
    asked = house.zhiwen.ask.ask(who, question, base_ids, None, fresh=fresh)

    async def watch() -> list[Any]:
        return [event async for _, event in house.zhiwen.ask.start(asked).watch()]

    events = asyncio.run(watch())
    house.model._queue.clear()
    house.zhiwen.feedback.put(
        who, asked.answer.id, StoredFeedback(message_id=asked.answer.id, rating="up")
    )
    return events, house.model.history


def direct_to(house: House, who: Access, question: str) -> Any:
    house.model.history.clear()
    house.model.enqueue("编号如资料所示。")
    asked = house.zhiwen.direct.question(who, "zhiwen", [_user(question)], None)

    async def watch() -> list[Any]:
        return [event async for event in house.zhiwen.direct.stream(asked)]

    events = asyncio.run(watch())
    house.model._queue.clear()
    return events, house.model.history


def _user(text: str) -> Any:
    from app.llm.messages import Message

    return Message("user", text)


def check_cases(house: House, dice: random.Random) -> int:
    """Each person and a program with a key, under new rights, before a document of their own each.

    Raises AssertionError. Returns how many could reach theirs.
    """
    house.draw(dice)
    # Others ask first: their answers must not come back from a cache or a list.
    paper = dice.choice(house.papers)
    owner = house.people[house.owners[paper.base_id]]
    answer_to(house, owner, paper.question, [paper.base_id])
    people = list(house.people.values())
    visitors = [*people, _with_key(dice.choice(people), dice.choice(list(house.owners)))]
    return sum(_reaches(house, who, dice.choice(house.papers), dice) for who in visitors)


CASES_AT_ONCE = 5
ALWAYS = {"text", "search here"}  # these must lead to a document that is theirs


def _reaches(house: House, who: Access, paper: Paper, dice: random.Random) -> bool:
    reached = set()
    for name, said in said_to(house, who, paper, dice):
        for other in house.papers:
            if other.secret not in said:
                continue
            assert house.sees(who, other), f"{who.name} read {other.path} by {name}: {said[:500]}"
            if other is paper:
                reached.add(name)
    missed = ALWAYS - reached
    assert not (missed and house.sees(who, paper)), f"{who.name} lost {paper.path} by {missed}"
    return bool(reached)


def _with_key(who: Access, base_id: str) -> Access:
    return Access(
        who.person_id,
        who.name,
        group_ids=who.group_ids,
        base_ids=frozenset([base_id]),
        key_id="key",
    )
