"""Thought and answer told apart: in any text cut any way, and over the wire in both protocols."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.llm.chat_model import Delta
from app.llm.messages import Message
from app.llm.sampling import Sampling, Thinking
from app.llm.servers.fake_engine import FakeEngine
from app.llm.servers.fake_thoughts import THOUGHT
from app.llm.thinking import EMPTY_THOUGHT, AnswerParts, StopFilter, ThoughtSplitter
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from tests.llm.test_openai_chat import ANSWER, QUESTION
from tests.serving import serving
from tests.tokens import Characters

SWITCH = Thinking("template")
BEGUN = re.compile(r"\s*<think>\n?(.*?)(?:\n?</think>\n{0,2}(.*))?", re.DOTALL)
OPENED = re.compile(r"(.*?)(?:\n?</think>\n{0,2}(.*))?", re.DOTALL)

# Tags, halves of tags and what stands around them, often enough to meet.
words = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<thi",
        "nk>",
        "</",
        "\n",
        "\n\n",
        " ",
        "`",
        "```",
        "嗯",
        "so",
        "<",
        ">",
    ]
)
texts = st.lists(words, max_size=12).map("".join)


def whole(deltas: Sequence[Delta]) -> tuple[str, str]:
    thought, text = "", ""
    for delta in deltas:
        if delta.text_was_thought:
            thought, text = thought + text, ""
        thought, text = thought + delta.thought, text + delta.text
    return thought, text


def split(splitter: ThoughtSplitter, pieces: Sequence[str]) -> tuple[str, str]:
    deltas = [delta for piece in pieces for delta in splitter.feed(piece)]
    return whole([*deltas, *splitter.finish()])


def cut(text: str, at: Sequence[int]) -> list[str]:
    places = sorted({0, len(text), *(place % (len(text) + 1) for place in at)})
    return [text[a:b] for a, b in pairwise(places)]


@given(texts, st.lists(st.integers(0, 200), max_size=12), st.booleans(), st.booleans())
def test_where_a_text_is_cut_makes_no_difference(
    text: str, at: list[int], inside: bool, alone: bool
) -> None:
    in_one = split(ThoughtSplitter(inside, alone), [text])
    assert split(ThoughtSplitter(inside, alone), cut(text, at)) == in_one
    assert split(ThoughtSplitter(inside, alone), list(text)) == in_one


@given(texts, st.booleans())
@example("\n<think>\n\n</think>\n\n答", False)
@example("想\n</think>\n\n答", True)
def test_only_the_tags_of_the_thought_are_left_out(text: str, inside: bool) -> None:
    found = BEGUN.fullmatch(text) or (OPENED.fullmatch(text) if inside else None)
    expected = (found[1], found[2] or "") if found else ("", text)
    assert split(ThoughtSplitter(inside), [text]) == expected


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("先想一想。\n</think>\n\n三十天。", "先想一想。", "三十天。"),
        ("没有标签。", "", "没有标签。"),
        ("标签是 `</think>`。", "", "标签是 `</think>`。"),
        ("```\n</think>\n```\n完", "", "```\n</think>\n```\n完"),
        ("用 `a` 想。</think>答：`<think>`", "用 `a` 想。", "答：`<think>`"),
        ("<think>想</think>答</think>", "想", "答</think>"),
    ],
)
def test_a_closing_tag_alone_ends_a_thought_but_not_in_code(
    text: str, thought: str, answer: str
) -> None:
    assert split(ThoughtSplitter(closes_alone=True), list(text)) == (thought, answer)


def test_tags_in_an_answer_that_does_not_begin_with_one_are_text() -> None:
    text = "模板写 <think>…</think>，再写回答。"
    assert split(ThoughtSplitter(), list(text)) == ("", text)


@given(texts, st.lists(st.integers(0, 200), max_size=8))
def test_stops_end_the_answer_and_not_the_thought(text: str, at: list[int]) -> None:
    stops = ("</think>", "so", "nk>")
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    found = StopFilter(stops)
    said = "".join(found.feed(piece) for piece in cut(text, at)) + found.finish()
    assert said == text[: min(places, default=len(text))]
    parts = AnswerParts(inside=False, closes_alone=False, stops=("停",))
    deltas = list(parts.feed("<think>不停</think>答停完"))
    assert whole([*deltas, *parts.finish()]) == ("不停", "答")
    assert parts.stopped


@pytest.fixture(scope="module")
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="module")
def url(engine: FakeEngine) -> Iterator[str]:
    with serving(engine.app()) as address:
        yield f"{address}/v1"


def client(
    url: str, mode: str, *, chat: bool, thinking: Thinking = SWITCH, context: int = 4096
) -> OpenAIChatModel:
    return OpenAIChatModel(
        url,
        f"fake:{mode}",
        Characters(),
        render=None if chat else render_chatml,
        context_tokens=context,
        thinking=thinking,
        sampling=Sampling(temperature=0.7, top_p=0.8, top_k=20),
        sampling_thinking=Sampling(temperature=0.6, top_p=0.95, top_k=20, repetition_penalty=1.1),
    )


async def heard(
    model: OpenAIChatModel, thinking: bool | None, temperature: float | None = None
) -> tuple[str, str, str | None]:
    stream = model.stream(
        QUESTION, max_tokens=100, temperature=temperature, stop=("</source>",), thinking=thinking
    )
    deltas = [delta async for delta in stream]
    await model.close()
    return (*whole(deltas), deltas[-1].finish_reason)


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("mode", ["think", "think_apart", "think_opened"])
async def test_a_thought_and_its_answer_come_apart(url: str, mode: str, chat: bool) -> None:
    """Also where the thought holds what would stop the answer."""
    assert await heard(client(url, mode, chat=chat), True) == (THOUGHT, ANSWER, "stop")


@pytest.mark.parametrize("chat", [False, True])
async def test_a_template_that_opens_the_thought_is_rendered_so(
    url: str, engine: FakeEngine, chat: bool
) -> None:
    always = Thinking("always", opened=True)
    model = client(url, "think_opened", chat=chat, thinking=always)
    deltas = [delta async for delta in model.stream(QUESTION, max_tokens=100)]
    await model.close()
    assert whole(deltas) == (THOUGHT, ANSWER)
    assert not any(delta.text_was_thought for delta in deltas)
    if not chat:
        assert engine.requests[-1]["prompt"].endswith("<|im_start|>assistant\n<think>\n")


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("asked", [False, None])
async def test_switched_off_the_model_answers_at_once(
    url: str, engine: FakeEngine, chat: bool, asked: bool | None
) -> None:
    assert await heard(client(url, "think", chat=chat), asked) == ("", ANSWER, "stop")
    body = engine.requests[-1]
    assert body["max_tokens"] == 100
    assert "</source>" in body["stop"]
    assert (body["temperature"], body["top_p"], body["top_k"]) == (0.7, 0.8, 20)
    if chat:
        assert body["chat_template_kwargs"] == {"enable_thinking": False}
    else:
        assert body["prompt"] == render_chatml(QUESTION) + EMPTY_THOUGHT


async def test_switched_on_it_samples_as_it_should_and_has_room(
    url: str, engine: FakeEngine
) -> None:
    await heard(client(url, "think", chat=True), True)
    body = engine.requests[-1]
    assert body["chat_template_kwargs"] == {"enable_thinking": True}
    assert body["max_tokens"] == 100 + 2048
    assert body["stop"] == []
    assert (body["temperature"], body["top_p"]) == (0.6, 0.95)
    assert body["repetition_penalty"] == body["repeat_penalty"] == 1.1
    await heard(client(url, "think", chat=False, context=500), True, temperature=0.0)
    body = engine.requests[-1]
    assert body["temperature"] == 0.0
    assert body["max_tokens"] == 500 - len(render_chatml(QUESTION))


@pytest.mark.parametrize("chat", [False, True])
async def test_a_limit_while_it_thinks_leaves_no_answer(url: str, chat: bool) -> None:
    thought, text, reason = await heard(client(url, "think_only", chat=chat), True)
    assert THOUGHT.startswith(thought)
    assert thought
    assert (text, reason) == ("", "length")


async def test_a_model_without_a_switch_is_asked_as_before(url: str, engine: FakeEngine) -> None:
    model = OpenAIChatModel(url, "fake:ok", Characters())
    async for _ in model.stream(QUESTION, max_tokens=7, thinking=True):
        pass
    await model.close()
    body = engine.requests[-1]
    assert "chat_template_kwargs" not in body
    assert (body["max_tokens"], body["temperature"]) == (7, 0.0)


def test_an_empty_thought_stands_before_the_first_words_of_an_answer() -> None:
    begun = (*QUESTION, Message("assistant", "年假有"))
    assert render_chatml(begun, thought=EMPTY_THOUGHT).endswith(
        "<|im_start|>assistant\n<think>\n\n</think>\n\n年假有"
    )
