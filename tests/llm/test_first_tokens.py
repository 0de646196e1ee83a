"""Yes or no by the probabilities of one token, over every way in which servers tell them."""

import asyncio
from collections.abc import Iterator

import pytest

from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import CircuitOpen, EngineBusy, EngineUnavailable, RequestRejected
from app.llm.engines import EngineSpec
from app.llm.gateway import Engine, Gateway
from app.llm.messages import Message
from app.llm.request_queue import RequestQueue
from app.llm.scripted import ScriptedChatModel
from app.llm.servers.fake_engine import FakeEngine
from app.llm.wire.chunks import MalformedChunk
from app.llm.wire.first_tokens import read_first_tokens
from app.llm.wire.openai_chat import OpenAIChatModel
from app.llm.yes_no import yes_probability
from app.rag.prompting.prompt import render_chatml
from tests.serving import serving
from tests.tokens import Characters

SOURCE = '<source number="1" from="a.md">\nBackups are kept for 30 days.\n</source>\n\n'
ASKED = (Message("user", f"{SOURCE}Question: Do the sources state how long backups are kept?"),)
BARE = (Message("user", "Question: Do the sources state how long backups are kept?"),)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(FakeEngine().app()) as address:
        yield f"{address}/v1"


def client(url: str, model: str = "fake", *, chat: bool = False) -> OpenAIChatModel:
    render = None if chat else render_chatml
    stall_timeout_s = 0.3 if "stall" in model else 20
    return OpenAIChatModel(url, model, Characters(), render=render, stall_timeout_s=stall_timeout_s)


@pytest.mark.parametrize("chat", [True, False])
@pytest.mark.parametrize("model", ["fake", "fake-legacy"])
async def test_every_dialect_tells_the_same(url: str, model: str, chat: bool) -> None:
    asked = client(url, model, chat=chat)
    assert await yes_probability(asked, ASKED) == pytest.approx(0.9)
    assert await yes_probability(asked, BARE) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("busy", EngineBusy),
        ("refused", RequestRejected),
        ("error", EngineUnavailable),
        ("stall_headers", EngineUnavailable),
        ("html", EngineUnavailable),
    ],
)
async def test_errors_are_those_of_answers(url: str, mode: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await client(url, f"fake:{mode}").first_tokens(ASKED)


def test_a_server_without_probabilities_is_sure_of_its_word() -> None:
    assert read_first_tokens({"choices": [{"text": " No"}]}) == {" No": 1.0}
    assert read_first_tokens({"choices": [{"message": {"content": ""}}]}) == {}
    with pytest.raises(MalformedChunk):
        read_first_tokens({"choices": []})


async def test_yes_and_no_are_read_in_two_languages() -> None:
    model = ScriptedChatModel()
    model.enqueue_first({"是": 0.5, "的": 0.2, "否": 0.1, "不是": 0.1})
    model.enqueue_first({" Yes": 0.3, "yes": 0.1, "No": 0.4})
    model.enqueue_first({"Maybe": 0.9})
    assert await yes_probability(model, BARE) == pytest.approx(0.5 / 0.7)
    assert await yes_probability(model, BARE) == pytest.approx(0.5)
    assert await yes_probability(model, BARE) is None


async def _take_a_slot(queue: RequestQueue) -> None:
    async with queue.slot():
        pass


async def test_the_gateway_asks_the_first_engine_unless_others_wait_for_it() -> None:
    model = ScriptedChatModel()
    engine = Engine(
        EngineSpec(name="a", context_tokens=4096), model, CircuitBreaker(), RequestQueue(1, 1)
    )
    gateway = Gateway([engine])
    model.enqueue_first({"yes": 1.0})
    assert await yes_probability(gateway, BARE) == 1.0
    async with engine.queue.slot():
        waiting = asyncio.create_task(_take_a_slot(engine.queue))
        await asyncio.sleep(0)
        with pytest.raises(EngineBusy):
            await gateway.first_tokens(BARE)
        waiting.cancel()
    engine.breaker.failed(at_once=True)
    with pytest.raises(CircuitOpen):
        await gateway.first_tokens(BARE)
