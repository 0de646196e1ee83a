import asyncio
from contextlib import aclosing

import pytest

from app.llm.chat_model import EngineStreamBroken, EngineUnavailable
from app.llm.messages import Message, TokenCounts
from app.llm.scripted import ScriptedChatModel

QUESTION = (Message("user", "多久？"),)


async def test_answers_come_in_order_and_questions_are_kept() -> None:
    model = ScriptedChatModel()
    model.enqueue("三十", "天。")
    model.enqueue("十天。", "多余", finish_reason="stop")
    first = [d async for d in model.stream(QUESTION, max_tokens=10)]
    second = [d async for d in model.stream((), max_tokens=1)]
    assert [d.text for d in first] == ["三十", "天。", ""]
    assert (first[-1].finish_reason, first[-1].tokens) == ("stop", TokenCounts(3, 4))
    assert [d.text for d in second] == ["十天。", ""]
    assert second[-1].finish_reason == "length"
    assert model.history == [QUESTION, ()]


async def test_an_error_comes_after_its_pieces() -> None:
    model = ScriptedChatModel()
    model.enqueue("三十", error=EngineStreamBroken("cut"))
    pieces = []
    with pytest.raises(EngineStreamBroken, match="cut"):
        async for delta in model.stream(QUESTION, max_tokens=10):
            pieces.append(delta.text)
    assert pieces == ["三十"]


async def test_an_empty_queue_is_an_engine_that_is_down() -> None:
    with pytest.raises(EngineUnavailable):
        await anext(ScriptedChatModel().stream(QUESTION, max_tokens=10))


async def test_a_gate_holds_each_token_back_and_closing_is_counted() -> None:
    model = ScriptedChatModel(gate=asyncio.Semaphore(0))
    assert model.gate is not None
    model.enqueue("一", "二", "三")
    async with aclosing(model.stream(QUESTION, max_tokens=10)) as deltas:
        waiting = asyncio.ensure_future(anext(deltas))
        await asyncio.sleep(0)
        assert not waiting.done()
        model.gate.release()
        assert (await waiting).text == "一"
    assert model.closed == 1
