"""The model is asked whether the sources state what it wrote; its words stay as they are."""

import pytest

from app.llm.chat_model import EngineUnavailable
from app.llm.scripted import ScriptedChatModel
from app.rag.language import not_stated
from tests.rag.found import answer_in, events_of, line_over, texts_in
from tests.rag.passages import passage

SOURCES = [passage("夜班从晚上八点开始，由保安队长负责。")]
QUESTION = "夜班的津贴是多少？"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"否": 0.7, "是": 0.2}, "not_stated"),
        ({"是": 0.6, "否": 0.4}, "stop"),
        ({"也许": 1.0}, "stop"),
    ],
)
async def test_the_verdict_stands_beside_the_text(said: dict[str, float], expected: str) -> None:
    model = ScriptedChatModel()
    model.enqueue("津贴是", "五十元。")
    model.enqueue_first(said)
    events = await events_of(line_over(SOURCES, model, judged=True), QUESTION)
    answer = answer_in(events)
    assert answer.finish_reason == expected
    assert answer.text == "".join(texts_in(events)) == "津贴是五十元。"
    assert "judge" in answer.timings_ms


async def test_it_is_asked_behind_its_own_answer_so_that_the_engine_has_read_the_rest() -> None:
    model = ScriptedChatModel()
    model.enqueue("津贴是五十元。")
    model.enqueue_first({"否": 1.0})
    await events_of(line_over(SOURCES, model, judged=True), QUESTION)
    written, judged = model.history
    assert judged[: len(written)] == written
    assert judged[-2].content == "津贴是五十元。"
    assert QUESTION in judged[-1].content


async def test_an_engine_that_cannot_be_asked_leaves_the_answer_as_it_is() -> None:
    model = ScriptedChatModel()
    model.enqueue("津贴是五十元。")
    with pytest.raises(EngineUnavailable):
        await model.first_tokens(())
    events = await events_of(line_over(SOURCES, model, judged=True), QUESTION)
    assert answer_in(events).finish_reason == "stop"


async def test_by_default_it_is_not_asked() -> None:
    model = ScriptedChatModel()
    model.enqueue("津贴是五十元。")
    await events_of(line_over(SOURCES, model), QUESTION)
    assert len(model.history) == 1


def test_what_is_said_names_the_nearest_documents() -> None:
    assert (
        not_stated("津贴？", ["a.md"]) == "文件谈到了这个问题，但没有写明答案。最接近的文件：a.md。"
    )
    assert not_stated("Pay?", []) == "The documents are about this but do not state the answer."
