"""Answers in the database while they are written, and after their process died."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from app.db.tables import OWNER_ID, Conversation, StoredMessage, utc_now
from app.llm.scripted import ScriptedChatModel
from app.rag.answer import AnswerLine
from app.rag.events import Question
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.prompting.budget import PromptBudget
from app.rag.retrieval.retrieve import Retriever
from app.rag.types import Scope
from app.services.answers.generations import (
    ALIVE_S,
    FLUSH_S,
    STALE_S,
    Generations,
    sweep_interrupted,
)
from app.services.search.search import Passages
from tests.patience import PATIENCE_S
from tests.services.conftest import HANDBOOK, Application


@pytest.fixture
def model() -> ScriptedChatModel:
    return ScriptedChatModel(gate=asyncio.Semaphore(0))


@pytest.fixture
def base_id(application: Application) -> str:
    id_ = application.base()
    application.add(id_, "手册.md", HANDBOOK)
    application.drain()
    return id_


@pytest.fixture
def generations(application: Application, model: ScriptedChatModel) -> Generations:
    passages = Passages(application.db)
    retriever = Retriever(
        application.embedder,
        dense=application.indexes().search,
        lexical=passages.lexical,
        locate=passages.locate,
        hydrate=passages.hydrate,
        count=passages.count,
    )
    line = AnswerLine(retriever, model, top_k=6, budget=PromptBudget(900), max_answer_tokens=100)
    return Generations(application.db, line, EmbeddedChecker())


def empty_answer(
    application: Application, *, age_s: float = 0.0, content: str = ""
) -> StoredMessage:
    with application.db.write() as session:
        conversation = Conversation(owner_id=OWNER_ID, title="假期", base_ids=[])
        session.add(conversation)
        session.flush()
        message = StoredMessage(
            conversation_id=conversation.id,
            position=1,
            role="assistant",
            state="streaming",
            content=content,
            updated_at=utc_now() - timedelta(seconds=age_s),
        )
        session.add(message)
    return message


def stored(application: Application, message_id: str) -> StoredMessage:
    with application.db.read() as session:
        return session.exec(select(StoredMessage).where(StoredMessage.id == message_id)).one()


async def until_stored(application: Application, message_id: str, content: str) -> StoredMessage:
    return await until(application, message_id, lambda message: message.content == content)


async def until(
    application: Application, message_id: str, holds: Callable[[StoredMessage], bool]
) -> StoredMessage:
    for _ in range(int(PATIENCE_S / (FLUSH_S / 5))):
        if holds(message := stored(application, message_id)):
            return message
        await asyncio.sleep(FLUSH_S / 5)
    raise TimeoutError(f"{message_id} did not come to what was awaited")


def test_an_answer_that_nobody_writes_any_more_is_interrupted(application: Application) -> None:
    abandoned = empty_answer(application, age_s=STALE_S + 1, content="年假为每年")
    written = empty_answer(application, age_s=ALIVE_S)

    assert sweep_interrupted(application.db) == 1

    message = stored(application, abandoned.id)
    assert (message.state, message.content) == ("interrupted", "年假为每年")
    assert stored(application, written.id).state == "streaming"
    assert sweep_interrupted(application.db) == 0


async def test_the_text_so_far_is_in_the_database_before_the_answer_ends(
    application: Application, generations: Generations, model: ScriptedChatModel, base_id: str
) -> None:
    assert model.gate is not None
    model.enqueue("年假为每年", "十五天。")
    answer = empty_answer(application)
    generation = generations.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))

    model.gate.release()
    partial = await until_stored(application, answer.id, "年假为每年")
    assert partial.state == "streaming"
    assert partial.passages

    model.gate.release()
    assert generation.task is not None
    await generation.task
    whole = stored(application, answer.id)
    assert (whole.state, whole.finish_reason) == ("complete", "stop")
    assert whole.content.startswith("年假为每年十五天")
    assert [citation["marker"] for citation in whole.citations] == [1]


async def test_only_what_grew_is_written_while_an_answer_streams(
    application: Application, generations: Generations, model: ScriptedChatModel, base_id: str
) -> None:
    columns: list[set[str]] = []

    def note(_conn: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.startswith("UPDATE message SET"):
            changes = sql.removeprefix("UPDATE message SET ").partition(" WHERE ")[0]
            columns.append({change.partition("=")[0] for change in changes.split(", ")})

    assert model.gate is not None
    model.enqueue("年假为每年", "十五天，", "须提前申请。")
    answer = empty_answer(application)
    event.listen(application.db.engine, "before_cursor_execute", note)
    generation = generations.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))
    model.gate.release()
    await until_stored(application, answer.id, "年假为每年")
    model.gate.release()
    await until_stored(application, answer.id, "年假为每年十五天，")
    model.gate.release()
    assert generation.task is not None
    await generation.task

    assert {"content", "prompt", "passages"} <= columns[0]
    assert columns[1] == {"content", "raw_output", "updated_at"}
    assert {"state", "content", "passages", "checks", "citations", "timings_ms"} <= columns[-1]


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
async def test_what_was_written_before_a_stop_is_checked(
    application: Application,
    generations: Generations,
    model: ScriptedChatModel,
    base_id: str,
    *,
    elsewhere: bool,
) -> None:
    assert model.gate is not None
    model.enqueue("年假为每年十五天。年假为", "每年三十天。")
    answer = empty_answer(application)
    generation = generations.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))
    model.gate.release()
    await until_stored(application, answer.id, "年假为每年十五天。年假为")
    if elsewhere:
        other = Generations(application.db, generations.answer_line, generations.checker)
        await asyncio.to_thread(other.stop, answer.id)
    else:
        generations.stop(answer.id)
    assert generation.task is not None
    await asyncio.wait_for(generation.task, PATIENCE_S)
    kept = stored(application, answer.id)
    assert (kept.state, kept.content) == ("stopped", "年假为每年十五天。年假为")
    assert kept.checks[0]["verdict"] == "supported"
    assert [citation["marker"] for citation in kept.citations] == [1]


async def test_a_write_that_comes_after_the_end_changes_nothing(
    application: Application, generations: Generations, model: ScriptedChatModel, base_id: str
) -> None:
    """The thread that writes the text so far may be slower than all that follows."""
    begun, go_on, written = (threading.Event() for _ in range(3))

    class Slow(Generations):
        def _update_streaming(self, message_id: str, values: dict[str, Any]) -> None:
            begun.set()
            assert go_on.wait(PATIENCE_S)
            Generations._update_streaming(self, message_id, values)
            written.set()

    assert model.gate is not None
    model.enqueue("年假为每年", "十五天。")
    answer = empty_answer(application)
    slow = Slow(application.db, generations.answer_line, generations.checker)
    generation = slow.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))
    model.gate.release()
    assert await asyncio.to_thread(begun.wait, 30)
    model.gate.release()
    assert generation.task is not None
    await generation.task
    ended = stored(application, answer.id)
    go_on.set()
    assert await asyncio.to_thread(written.wait, 30)

    assert ended.state == "complete"
    assert stored(application, answer.id) == ended


async def test_a_silent_engine_does_not_make_an_answer_look_abandoned(
    application: Application, generations: Generations, model: ScriptedChatModel, base_id: str
) -> None:
    assert model.gate is not None
    model.enqueue("十五天。")
    answer = empty_answer(application)
    generations.alive_s = FLUSH_S
    generation = generations.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))
    first = stored(application, answer.id).updated_at

    alive = await until(application, answer.id, lambda message: message.updated_at > first)

    assert (alive.state, alive.content) == ("streaming", "")
    model.gate.release()
    assert generation.task is not None
    await generation.task
    assert stored(application, answer.id).state == "complete"


async def test_closing_keeps_what_was_written(
    application: Application, generations: Generations, model: ScriptedChatModel, base_id: str
) -> None:
    assert model.gate is not None
    model.enqueue("年假为每年", "十五天。")
    answer = empty_answer(application)
    generations.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))
    model.gate.release()
    await until_stored(application, answer.id, "年假为每年")

    await generations.close()

    message = stored(application, answer.id)
    assert (message.state, message.content) == ("stopped", "年假为每年")
    assert model.closed == 1


async def test_closing_waits_for_answers_that_have_time_left(
    application: Application, generations: Generations, model: ScriptedChatModel, base_id: str
) -> None:
    """Told to stop, the server gives running answers a minute, whether or not somebody watches."""
    assert model.gate is not None
    model.enqueue("年假为每年", "十五天。")
    answer = empty_answer(application)
    generations.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))
    model.gate.release()
    await until_stored(application, answer.id, "年假为每年")

    generations.finish_within(60)
    closing = asyncio.create_task(generations.close())
    await asyncio.sleep(0)  # it has begun to wait
    model.gate.release()
    await closing

    message = stored(application, answer.id)
    assert (message.state, model.closed) == ("complete", 0)


async def test_an_answer_deleted_meanwhile_stops_and_stays_deleted(
    application: Application, generations: Generations, model: ScriptedChatModel, base_id: str
) -> None:
    assert model.gate is not None
    model.enqueue("十五天。")
    answer = empty_answer(application)
    generation = generations.start(answer, Question("年假几天？", Scope((base_id,)), (), 0.0))
    with application.db.write() as session:
        session.delete(session.get_one(Conversation, answer.conversation_id))
    assert generation.task is not None
    await asyncio.wait_for(generation.task, PATIENCE_S)
    with application.db.read() as session:
        assert session.exec(select(StoredMessage)).all() == []
