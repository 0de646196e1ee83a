"""Able models write follow-ups as questions of their own; whatever fails, the question stays."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from app.llm.chat_model import EngineUnavailable
from app.llm.messages import Message
from app.llm.scripted import ScriptedChatModel
from app.rag.answer import AnswerLine
from app.rag.events import Question
from app.rag.prompting.rewriting import rewritten
from app.rag.prompting.styles import EXTRACT
from app.rag.retrieval.retrieve import Retrieved
from app.rag.types import Answer, Scope
from tests.rag.found import Found, line_over
from tests.rag.passages import passage

SOURCES = (passage("年假为每年十五天。病假每年十天。", 1),)
HISTORY = (Message("user", "年假有几天？"), Message("assistant", "年假十五天。"))


@dataclass(frozen=True, slots=True)
class Searched:
    """Finds the sources, and notes what was asked for."""

    queries: list[tuple[str, str]] = field(default_factory=list)

    def retrieve(self, query: str, scope: Scope, top_k: int, *, context: str = "") -> Retrieved:
        self.queries.append((query, context))
        return Found(SOURCES).retrieve(query, scope, top_k)


def line(model: ScriptedChatModel, searched: Searched, **changes: object) -> AnswerLine:
    return replace(line_over(SOURCES, model, rewrites=True), retriever=searched, **changes)  # type: ignore[arg-type]  # fields of the line


async def answered(line: AnswerLine, question: str, history: Sequence[Message] = ()) -> Answer:
    events = [e async for e in line.stream(Question(question, Scope(("b",)), tuple(history)))]
    assert isinstance(events[-1], Answer)
    return events[-1]


async def test_a_follow_up_is_searched_as_the_model_wrote_it() -> None:
    model, searched = ScriptedChatModel(), Searched()
    model.enqueue("病假", "有几天？")
    model.enqueue("病假十天。")
    answer = await answered(line(model, searched), "那病假呢？", HISTORY)
    assert searched.queries == [("病假有几天？", "")]
    assert (answer.rewritten, answer.text) == ("病假有几天？", "病假十天。")
    assert "那病假呢？" in model.history[1][-1].content  # the model reads what was asked
    assert "rewrite" in answer.timings_ms


async def test_a_first_question_is_not_rewritten() -> None:
    model, searched = ScriptedChatModel(), Searched()
    model.enqueue("年假十五天。")
    answer = await answered(line(model, searched), "年假有几天？")
    assert (searched.queries, answer.rewritten) == ([("年假有几天？", "")], "")


@pytest.mark.parametrize("written", ["", "第一行\n第二行", "How many days?", "很" * 400])
async def test_what_is_no_question_is_not_used(written: str) -> None:
    model, searched = ScriptedChatModel(), Searched()
    model.enqueue(written)
    model.enqueue("病假十天。")
    answer = await answered(line(model, searched), "那病假呢？", HISTORY)
    assert searched.queries == [("那病假呢？", "年假有几天？")]
    assert (answer.rewritten, answer.text) == ("", "病假十天。")


async def test_an_engine_that_fails_or_is_slow_leaves_the_question() -> None:
    failing = ScriptedChatModel()
    failing.enqueue(error=EngineUnavailable("down"))
    assert await rewritten("那病假呢？", HISTORY, failing) == ""
    slow = ScriptedChatModel(gate=asyncio.Semaphore(0))
    slow.enqueue("病假有几天？")
    assert await rewritten("那病假呢？", HISTORY, slow, patience_s=0.05) == ""


async def test_a_label_and_quotes_are_taken_off() -> None:
    model = ScriptedChatModel()
    model.enqueue("改写后的问题：“病假有几天？”")
    assert await rewritten("那病假呢？", HISTORY, model) == "病假有几天？"


async def test_the_smallest_models_are_not_asked_but_helped_by_rule() -> None:
    model, searched = ScriptedChatModel(), Searched()
    model.enqueue("十天")
    before = (Message("user", "《假期办法》规定年假几天？"), Message("assistant", "十五天。"))
    answer = await answered(line(model, searched, style=EXTRACT), "那病假呢？", before)
    assert searched.queries == [("《假期办法》的病假几天？", "")]
    assert answer.rewritten == "《假期办法》的病假几天？"
    assert len(model.history) == 1
