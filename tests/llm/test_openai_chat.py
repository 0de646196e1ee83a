"""The client against a fake server on loopback: every way an engine can answer or fail."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress

import httpx
import pytest

from app.llm.chat_model import (
    EngineBusy,
    EngineStreamBroken,
    EngineUnavailable,
    RequestRejected,
)
from app.llm.messages import Message, TokenCounts
from app.llm.servers.fake_engine import FakeEngine, answer_to
from app.llm.wire.openai_chat import CHATML_STOP, OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from tests.patience import PATIENCE_S
from tests.serving import serving
from tests.tokens import Characters

QUESTION = (
    Message("system", "只根据资料回答。"),
    Message(
        "user",
        '<资料 编号="1" 出处="手册.md">\n备份保留三十天😀。每周检查一次。\n</资料>\n\n'
        "问题：保留多久？",
    ),
)
ANSWER = "备份保留三十天😀[1]。"
CLOSED_PORT = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="module")
def url(engine: FakeEngine) -> Iterator[str]:
    with serving(engine.app()) as address:
        yield f"{address}/v1"


def client(
    url: str,
    mode: str = "ok",
    *,
    chat: bool = False,
    stall_s: float = 0.5,
    connect_s: float = 1,
) -> OpenAIChatModel:
    return OpenAIChatModel(
        url,
        f"fake:{mode}",
        Characters(),
        render=None if chat else render_chatml,
        api_key="key",
        connect_timeout_s=connect_s,
        first_token_timeout_s=stall_s if mode.startswith("stall") else 10,
        stall_timeout_s=stall_s,
    )


async def said(model: OpenAIChatModel, **options: int) -> list[str]:
    """Texts of the deltas, collected also when the stream breaks."""
    pieces: list[str] = []
    try:
        async for delta in model.stream(QUESTION, max_tokens=options.get("max_tokens", 100)):
            pieces.append(delta.text)
    except EngineStreamBroken as error:
        pieces.append(f"broken: {error}")
    finally:
        await model.close()
    return pieces


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("mode", ["ok", "split"])
async def test_an_answer_arrives_whole_with_its_counts(url: str, mode: str, chat: bool) -> None:
    model = client(url, mode, chat=chat)
    deltas = [delta async for delta in model.stream(QUESTION, max_tokens=100)]
    await model.close()
    assert "".join(delta.text for delta in deltas) == ANSWER
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    prompt = QUESTION[-1].content if chat else render_chatml(QUESTION)
    assert deltas[-1].tokens == TokenCounts(len(prompt), len(ANSWER))


async def test_completions_post_the_rendered_text(url: str, engine: FakeEngine) -> None:
    model = client(url)
    async for _ in model.stream(QUESTION, max_tokens=7, temperature=0.5, stop=["停"]):
        pass
    await model.close()
    body = engine.requests[-1]
    assert body["prompt"] == render_chatml(QUESTION)
    assert body["stop"] == [*CHATML_STOP, "停"]
    assert (body["max_tokens"], body["temperature"], body["model"]) == (7, 0.5, "fake:ok")
    assert "messages" not in body


async def test_chat_posts_the_messages(url: str, engine: FakeEngine) -> None:
    await said(client(url, chat=True))
    body = engine.requests[-1]
    assert body["messages"] == [{"role": m.role, "content": m.content} for m in QUESTION]
    assert body["stop"] == []
    assert "prompt" not in body


async def test_an_answer_that_is_begun_goes_on_where_we_render_it(
    url: str, engine: FakeEngine
) -> None:
    begun = [*QUESTION, Message("assistant", "年假有")]
    for chat in (False, True):
        model = client(url, chat=chat)
        async for _ in model.stream(begun, max_tokens=7):
            pass
        await model.close()
    rendered, messages = engine.requests[-2:]
    assert rendered["prompt"].endswith("<|im_start|>assistant\n年假有")
    assert messages["messages"] == [{"role": m.role, "content": m.content} for m in QUESTION]


async def test_a_full_queue_says_when_to_come_back(url: str) -> None:
    with pytest.raises(EngineBusy) as caught:
        await said(client(url, "busy"))
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("error", EngineUnavailable),
        ("loading", EngineUnavailable),
        ("refused", RequestRejected),
        ("error_first", RequestRejected),
        ("stall_first", EngineUnavailable),
    ],
)
async def test_errors_before_the_first_token(url: str, mode: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await said(client(url, mode))


@pytest.mark.parametrize(
    ("mode", "requests"), [("loading", 2), ("error", 1), ("busy", 1), ("refused", 1), ("reset", 1)]
)
async def test_only_a_loading_engine_is_asked_twice(
    url: str, engine: FakeEngine, mode: str, requests: int
) -> None:
    before = len(engine.requests)
    with suppress(EngineUnavailable, EngineBusy, RequestRejected):
        await said(client(url, mode))
    assert len(engine.requests) - before == requests


async def test_an_engine_that_has_just_come_up_answers_at_the_second_try(url: str) -> None:
    assert "".join(await said(client(url, "loading_once"))) == ANSWER


@pytest.mark.parametrize(
    "mode", ["stall_middle", "reset", "malformed", "unfinished", "error_middle"]
)
async def test_a_broken_stream_keeps_what_came_before(url: str, mode: str) -> None:
    *pieces, last = await said(client(url, mode))
    assert "".join(pieces) == ANSWER[: len(ANSWER) // 2]
    assert last.startswith("broken: ")


async def test_nobody_listens() -> None:
    model = client(CLOSED_PORT)
    with pytest.raises(EngineUnavailable, match=":9/v1"):
        await said(model)


async def test_ready_tells_without_raising(url: str) -> None:
    up, down, lost = client(url), client(CLOSED_PORT), client(f"{url}/nothing-here")
    assert [await up.ready(), await down.ready(), await lost.ready()] == [True, False, False]
    for model in (up, down, lost):
        await model.close()


async def test_closing_the_iterator_stops_the_engine(url: str, engine: FakeEngine) -> None:
    before = engine.cut_off
    model = client(url, "stall_middle", stall_s=30)
    async with aclosing(model.stream(QUESTION, max_tokens=100)) as deltas:
        assert (await anext(deltas)).text == ANSWER[0]
    await _until(lambda: engine.cut_off == before + 1)
    await model.close()


async def test_cancelling_the_reader_stops_the_engine(url: str, engine: FakeEngine) -> None:
    before = engine.cut_off
    model = client(url, "stall_middle", stall_s=30)
    first = asyncio.Event()

    async def read() -> None:
        async for _ in model.stream(QUESTION, max_tokens=100):
            first.set()

    task = asyncio.create_task(read())
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until(lambda: engine.cut_off == before + 1)
    await model.close()


async def test_many_streams_at_once_do_not_mix(url: str) -> None:
    model = client(url)

    async def ask(number: int) -> str:
        prompt = (Message("user", f'<资料 编号="1" 出处="a.md">\n第{number}号文件。\n</资料>\n'),)
        return "".join([d.text async for d in model.stream(prompt, max_tokens=100)])

    answers = await asyncio.gather(*(ask(number) for number in range(20)))
    await model.close()
    assert answers == [f"第{number}号文件[1]。" for number in range(20)]


async def test_a_connection_the_server_has_closed_is_not_an_error() -> None:
    engine = FakeEngine()
    with serving(engine.app()) as first:
        port = int(first.rpartition(":")[2])
        model = client(f"{first}/v1")
        assert await model.ready()
    with serving(engine.app(), port):
        assert "".join(await said(model)) == ANSWER


async def test_a_connection_that_this_process_was_late_to_see_is_made_again() -> None:
    async def keep_the_loop_busy() -> None:
        for _ in range(2):  # longer than a connection may take, at two steps of making one
            time.sleep(0.4)  # noqa: ASYNC251  # that is the point
            await asyncio.sleep(0)

    with serving(FakeEngine().app()) as address:
        busy = asyncio.create_task(keep_the_loop_busy())
        assert "".join(await said(client(f"{address}/v1", connect_s=0.2))) == ANSWER
        await busy


def test_the_fake_repeats_the_first_source() -> None:
    assert answer_to(render_chatml(QUESTION)) == ANSWER
    assert "资料" in answer_to("问题：保留多久？")


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # the other side runs in a thread
            await asyncio.sleep(0.01)


async def test_a_connection_that_dies_as_it_opens_is_a_failure_of_the_engine(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """anyio asks the socket for its peer, and there is none any more."""

    async def died(*_: object) -> None:
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    model = client(url)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", died)
    assert not await model.ready()
    with pytest.raises(EngineUnavailable):
        await said(model)
