"""What is charged to who asked: each call of a model, however it ends."""

import asyncio
from contextlib import aclosing

import pytest

from app.llm.charge import CHARGE
from app.llm.chat_model import LlmError
from app.llm.engines import EngineSpec
from app.llm.gateway import Gateway
from app.llm.messages import Message
from app.llm.scripted import ScriptedChatModel
from tests.llm.test_breaker import Clock
from tests.llm.test_gateway import engine_of

ASKED = (Message("user", "年假有几天？"),)


def gateway(model: ScriptedChatModel) -> Gateway:
    spec = EngineSpec.model_validate({"name": "one", "model": "m"})
    return Gateway([engine_of(spec, model, Clock())])


@pytest.fixture
def charged() -> list[int]:
    found: list[int] = []
    CHARGE.set(found.append)
    return found


async def test_what_the_engine_counted(charged: list[int]) -> None:
    model = ScriptedChatModel()
    model.enqueue("十", "五天。")
    async with aclosing(gateway(model).stream(ASKED, max_tokens=9)) as deltas:
        tokens = [delta.tokens async for delta in deltas if delta.tokens]
    assert charged == [tokens[-1].prompt + tokens[-1].completion]


async def test_a_stopped_answer_costs_what_was_read_and_written(charged: list[int]) -> None:
    model = ScriptedChatModel()
    model.enqueue("十", "五天。", "须提前申请。")
    deltas = gateway(model).stream(ASKED, max_tokens=9)
    async for delta in deltas:
        if delta.text:
            break
    await deltas.aclose()
    assert charged == [len(ASKED[0].content) + 1]


async def test_a_cancelled_answer_too(charged: list[int]) -> None:
    model = ScriptedChatModel(gate=asyncio.Semaphore(1))
    model.enqueue("十", "五天。")

    async def read() -> None:
        async with aclosing(gateway(model).stream(ASKED, max_tokens=9)) as deltas:
            async for _ in deltas:
                pass

    task = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert charged == [len(ASKED[0].content) + 1]


async def test_an_engine_that_is_down_costs_nothing(charged: list[int]) -> None:
    with pytest.raises(LlmError):
        async with aclosing(gateway(ScriptedChatModel()).stream(ASKED, max_tokens=9)) as deltas:
            async for _ in deltas:
                pass
    assert charged == []
