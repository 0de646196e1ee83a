"""The answer line passes on what the model wrote, and says beside it what is known about it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.llm.breaker import CircuitBreaker
from app.llm.engines import EngineSpec
from app.llm.gateway import Engine, Gateway
from app.llm.repetition import repeats
from app.llm.request_queue import RequestQueue
from app.llm.scripted import ScriptedChatModel
from app.rag.events import Sources
from app.rag.prompting.prompt import STOPS
from app.rag.prompting.styles import ANSWER, EXTRACT
from tests.rag.found import answer_in, events_of, line_over, texts_in
from tests.rag.passages import passage

SOURCES = (
    passage("第三条 年假为每年十五天。\n病假每年10天，需要医院证明。", 1),
    passage("Open the lid. The second item is the one that counts.", 2),
)
_MARKDOWN = st.lists(
    st.sampled_from(
        [
            *(
                "1. ",
                "- ",
                "\n",
                "\n\n",
                "> ",
                "# ",
                "```\n",
                "`",
                "| ",
                "|---|---|\n",
                "**",
                "[1]",
            ),
            *(
                "[2, 9]",
                "【来源1】",
                "[0, 1]",
                "$x_{[1]}$",
                "items[1]",
                "e.g. the one",
                "3.5",
                "。",
            ),
            *(
                ". ",
                "年假为每年十五天",
                "Open the lid",
                "\r\n",
                "\t",
                "\0",
                "\u2028",
                "<br>",
                "！",
                ":",
            ),
        ]
    )
    | st.text(max_size=6),
    max_size=40,
).map("".join)


async def written(pieces: Sequence[str]) -> tuple[str, list[str], int]:
    """Text of the answer, its pieces, and how far its checks reach."""
    model = ScriptedChatModel()
    model.enqueue(*pieces)
    line = line_over(SOURCES, model, style=ANSWER)
    events = await events_of(line, "年假有几天？")
    answer = answer_in(events)
    assert all(0 <= check.start < check.end for check in answer.checks)
    ends = [0, *(check.end for check in answer.checks)]
    starts = [check.start for check in answer.checks]
    assert all(end <= start for end, start in zip(ends, starts, strict=False))
    return answer.text, texts_in(events), max(ends)


@settings(max_examples=300)
@given(_MARKDOWN, st.lists(st.integers(1, 9), max_size=30))
async def test_no_text_is_changed_whole_or_piece_by_piece(text: str, lengths: list[int]) -> None:
    pieces, at = [], 0
    for length in [*lengths, len(text) or 1]:
        pieces.append(text[at : at + length])
        at += length
    if repeats("".join(pieces)):
        return  # such a model is stopped
    whole, shown, checked = await written([piece for piece in pieces if piece])
    assert whole == text
    assert "".join(shown) == text
    assert shown == [piece for piece in pieces if piece]
    assert checked <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "1. Open the lid.",
        "```python\nsecond = items[1]\n```",
        "[0, 1]",
        "e.g. the one",
        "年假为每年十五天【来源1】。",
        "2.年终奖",
        "The lid [1] opens.[7]",
    ],
)
async def test_what_used_to_be_mended_is_left_alone(text: str) -> None:
    assert (await written(list(text)))[0] == text


async def test_a_model_that_repeats_itself_is_stopped_and_nothing_of_it_is_cut() -> None:
    model = ScriptedChatModel()
    block = "年假为每年十五天，请提前申请。"
    model.enqueue(*([block] * 100))
    events = await events_of(line_over(SOURCES, model), "年假？")
    answer = answer_in(events)
    times = answer.text.count(block)
    assert answer.text == block * times
    assert 4 <= times < 100
    assert answer.finish_reason == "repeated"
    assert model.closed == 1


@pytest.mark.parametrize(
    "text",
    ["| - | - |\n" * 10, "0, " * 60, "很好" * 20, "The lid opens. " * 3, "-" * 120],
)
def test_tables_and_rows_of_zeros_are_no_repetition(text: str) -> None:
    assert not repeats(text)


async def test_every_engine_is_told_where_to_stop() -> None:
    model = ScriptedChatModel()
    model.enqueue("年假为每年十五天。")
    await events_of(line_over(SOURCES, model), "年假？")
    assert model.stops == [STOPS]
    assert len(STOPS) <= 4


def engine(name: str, model: ScriptedChatModel) -> Engine:
    spec = EngineSpec(name=name, context_tokens=100_000)
    return Engine(spec, model, CircuitBreaker(), RequestQueue(2, 2))


async def test_a_fallback_engine_is_asked_and_read_in_its_own_style() -> None:
    small, able = ScriptedChatModel(name="a"), ScriptedChatModel(name="b")
    gateway = Gateway([engine("small", small), engine("able", able)])
    able.enqueue("年假为每年十五天。[1]")
    line = line_over(
        SOURCES, small, choose=gateway.choose, styles={"small": EXTRACT, "able": ANSWER}
    )
    events = await events_of(line, "年假有几天？")
    answer = answer_in(events)
    (asked,) = able.history
    assert asked[0].content == ANSWER.system["zh"]
    assert len(asked) == 2  # neither worked examples nor a beginning of the answer
    assert answer.text == "年假为每年十五天。[1]"
    assert (answer.model, answer.style) == ("able", "answer")
    prompts = [event.prompt.messages for event in events if isinstance(event, Sources)]
    assert prompts[0][0].content == EXTRACT.system["zh"]
    assert prompts[-1] == asked


async def test_the_small_engine_is_read_by_the_extractive_reader() -> None:
    small = ScriptedChatModel(name="a")
    gateway = Gateway([engine("small", small)])
    small.enqueue("年假")
    line = line_over(SOURCES, small, choose=gateway.choose, styles={"small": EXTRACT})
    answer = answer_in(await events_of(line, "年假有几天？"))
    assert answer.style == "extract"
    assert answer.text.endswith("[1]") and "十五天" in answer.text
