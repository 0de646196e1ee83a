"""A thought on its way through the answer line: apart from the text, never checked or cited."""

from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import Delta
from app.llm.engines import EngineSpec
from app.llm.gateway import Engine, Gateway
from app.llm.request_queue import RequestQueue
from app.llm.scripted import ScriptedChatModel
from app.rag.events import Question, Stage, TextDelta, Thought
from app.rag.types import Scope
from tests.rag.found import answer_in, events_of, line_over, texts_in
from tests.rag.test_answer_line import SOURCES

ANSWER = "年假为每年十五天。[1]"


async def test_a_thought_comes_first_and_apart() -> None:
    model = ScriptedChatModel()
    model.enqueue(ANSWER, thought=("资料[1]说，", "年假二十天？"))
    events = await events_of(line_over(SOURCES, model), "年假？")
    told = [event for event in events if isinstance(event, Thought | TextDelta)]
    assert told == [Thought("资料[1]说，"), Thought("年假二十天？"), TextDelta(ANSWER, ANSWER)]
    stages = [event.stage for event in events if isinstance(event, Stage)]
    assert stages == ["searching", "reading", "writing"]
    assert events.index(told[1]) < events.index(
        next(e for e in events if isinstance(e, Stage) and e.stage == "writing")
    )
    answer = answer_in(events)
    assert (answer.thought, answer.text) == ("资料[1]说，年假二十天？", ANSWER)
    assert [check.verdict for check in answer.checks] == ["supported"]
    assert answer.tokens.thought == len(answer.thought)
    assert answer.tokens.completion == len(answer.thought) + len(ANSWER)
    assert {"first_token", "thinking", "generate"} <= set(answer.timings_ms)


async def test_a_plain_answer_knows_nothing_of_thoughts() -> None:
    model = ScriptedChatModel()
    model.enqueue(ANSWER)
    answer = answer_in(await events_of(line_over(SOURCES, model), "年假？"))
    assert (answer.thought, answer.tokens.thought) == ("", 0)
    assert "thinking" not in answer.timings_ms
    assert model.asked_to_think == [None]


async def test_a_limit_while_it_thinks_leaves_an_empty_answer_that_says_so() -> None:
    model = ScriptedChatModel()
    model.enqueue(thought=("想了又想",), finish_reason="length")
    answer = answer_in(await events_of(line_over(SOURCES, model), "年假？"))
    assert (answer.thought, answer.text, answer.finish_reason) == ("想了又想", "", "length")
    assert answer.checks == answer.citations == ()
    assert "thinking" in answer.timings_ms


async def test_a_model_that_thinks_in_circles_is_stopped() -> None:
    model = ScriptedChatModel()
    model.enqueue(ANSWER, thought=["等等，让我再想一想这个问题究竟说了什么。"] * 100)
    answer = answer_in(await events_of(line_over(SOURCES, model), "年假？"))
    assert (answer.text, answer.finish_reason) == ("", "repeated")


class SaysLate(ScriptedChatModel):
    """Tells only at the closing tag that its text was the thought."""

    async def stream(self, messages, **asked):  # type: ignore[no-untyped-def,override]  # as its base
        yield Delta("资料说")
        yield Delta("十五天")
        yield Delta(text_was_thought=True)
        yield Delta(ANSWER)
        yield Delta(finish_reason="stop")


async def test_a_text_that_turns_out_to_be_the_thought_is_taken_back() -> None:
    events = await events_of(line_over(SOURCES, SaysLate()), "年假？")
    answer = answer_in(events)
    assert (answer.thought, answer.text) == ("资料说十五天", ANSWER)
    assert Thought("", text_was_thought=True) in events
    assert texts_in(events) == ["资料说", "十五天", ANSWER]


async def test_the_judge_is_shown_no_thought() -> None:
    model = SaysLate()
    model.enqueue_first({"否": 1.0})
    await events_of(line_over(SOURCES, model, judged=True), "年假？")
    assert model.history[-1][-2].content == ANSWER


def engine(name: str, model: ScriptedChatModel) -> Engine:
    spec = EngineSpec(name=name, context_tokens=100_000, thinking="template")
    return Engine(spec, model, CircuitBreaker(), RequestQueue(2, 2))


async def test_a_plain_engine_answers_where_the_thinking_one_is_gone() -> None:
    thinker, plain = ScriptedChatModel(name="a"), ScriptedChatModel(name="b")
    gateway = Gateway([engine("thinker", thinker), engine("plain", plain)])
    line = line_over(SOURCES, thinker, choose=gateway.choose)
    thinker.enqueue(ANSWER, thought=("想",))
    plain.enqueue(ANSWER)

    async def ask() -> tuple[str, str, str]:
        question = Question("年假？", Scope(("b",)), thinking=True)
        answer = answer_in([event async for event in line.stream(question)])
        return answer.model, answer.thought, answer.text

    assert await ask() == ("thinker", "想", ANSWER)
    assert await ask() == ("plain", "", ANSWER)
    assert (thinker.asked_to_think, plain.asked_to_think) == ([True, True], [True])
