"""Turns between people in front of an engine."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.llm.chat_model import EngineBusy
from app.llm.gateway import alone
from app.llm.request_queue import ASKER, RequestQueue
from app.llm.scripted import ScriptedChatModel


@dataclass
class Office:
    """Requests of people to one queue; each ends when the test says so."""

    queue: RequestQueue
    began: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _ends: dict[str, asyncio.Event] = field(default_factory=dict)
    _tasks: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    async def ask(self, person: str, name: str) -> None:
        async def request() -> None:
            ASKER.set(person)
            try:
                async with self.queue.slot():
                    self.began.append(name)
                    await self._ends[name].wait()
            except EngineBusy:
                self.refused.append(name)

        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(request())
        await settled()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settled()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await settled()

    async def end_all(self) -> None:
        """In the order in which they began."""
        ended = 0
        while ended < len(self.began):
            await self.end(self.began[ended])
            ended += 1


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_twenty_questions_of_one_do_not_keep_the_next_waiting() -> None:
    office = Office(RequestQueue(max_running=1, max_waiting=30))
    for n in range(20):
        await office.ask("ada", f"ada {n}")
    await office.ask("bob", "bob 0")
    await office.end_all()
    assert office.began.index("bob 0") <= 2
    assert [name for name in office.began if name != "bob 0"] == [f"ada {n}" for n in range(20)]


async def test_people_take_turns() -> None:
    office = Office(RequestQueue(max_running=1, max_waiting=30))
    for person in ("ada", "bob", "cy"):
        for n in range(3):
            await office.ask(person, f"{person} {n}")
    await office.end_all()
    assert [name.split()[0] for name in office.began[1:7]] == ["ada", "bob", "cy"] * 2


async def test_a_full_queue_makes_room_for_who_has_least_in_it() -> None:
    office = Office(RequestQueue(max_running=1, max_waiting=4))
    for n in range(6):
        await office.ask("ada", f"ada {n}")
    assert office.refused == ["ada 5"], "nobody gives way to the same person"
    await office.ask("bob", "bob 0")
    assert office.refused == ["ada 5", "ada 4"], "the latest of the longest line"
    await office.ask("bob", "bob 1")
    await office.ask("bob", "bob 2")
    assert office.refused[2:] == ["ada 3", "bob 2"], "two and two are even"
    await office.end_all()
    assert office.began == ["ada 0", "ada 1", "bob 0", "ada 2", "bob 1"]
    assert (office.queue.running, office.queue.waiting) == (0, 0)


async def test_a_request_that_is_cancelled_as_its_turn_comes_hands_it_on() -> None:
    office = Office(RequestQueue(max_running=1, max_waiting=4))
    for name in ("first", "second", "third"):
        await office.ask("ada", name)
    office._ends["first"].set()
    await asyncio.sleep(0)
    await office.cancel("second")
    await office.end_all()
    assert office.began[-1] == "third"
    assert (office.queue.running, office.queue.waiting) == (0, 0)


async def test_without_room_to_wait_the_next_is_refused() -> None:
    office = Office(RequestQueue(max_running=1, max_waiting=0))
    await office.ask("ada", "first")
    await office.ask("bob", "second")
    assert office.refused == ["second"]
    with pytest.raises(EngineBusy) as busy:
        async with office.queue.slot():
            pass
    assert busy.value.retry_after_s
    await office.end_all()


async def test_the_gateway_knows_for_whom_there_is_room_in_a_full_queue() -> None:
    gateway = alone(ScriptedChatModel(), max_running=1, max_waiting=2)
    office = Office(gateway.engines[gateway.name].queue)
    for n in range(3):
        await office.ask("ada", f"ada {n}")
    assert not gateway.yields_to("ada")
    assert gateway.yields_to("bob")
    await office.ask("bob", "bob 0")
    assert not gateway.yields_to("bob"), "one and one are even"
    await office.end_all()


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "end", "cancel"]), st.integers(0, 3), st.integers(0, 30)),
    max_size=60,
)


@settings(max_examples=100)
@given(STEPS, st.integers(1, 3), st.integers(0, 5))
def test_whatever_happens_slots_are_neither_lost_nor_given_twice(
    steps: list[tuple[str, int, int]], max_running: int, max_waiting: int
) -> None:
    async def play() -> None:
        office = Office(RequestQueue(max_running, max_waiting))
        for step, person, n in steps:
            names = list(office._tasks)
            if step == "ask":
                await office.ask(str(person), f"request {len(names)}")
            elif names and step == "end":
                await office.end(names[n % len(names)])
            elif names:
                await office.cancel(names[n % len(names)])
            assert office.queue.running <= max_running
            assert office.queue.waiting <= max_waiting
            assert not office.queue.waiting or office.queue.running == max_running
        for name in list(office._tasks):
            await office.end(name)
        await office.end_all()
        assert all(task.done() for task in office._tasks.values())
        assert (office.queue.running, office.queue.waiting) == (0, 0)

    asyncio.run(play())
