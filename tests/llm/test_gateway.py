"""The gateway over fake engines that misbehave in every way they can."""

import asyncio
import re
from collections.abc import Callable
from contextlib import aclosing

import pytest

from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import (
    EngineBusy,
    EngineStreamBroken,
    EngineUnavailable,
    LlmError,
    RequestRejected,
)
from app.llm.engines import EngineSpec
from app.llm.gateway import Engine, Gateway
from app.llm.messages import Message, Served
from app.llm.request_queue import RequestQueue
from app.llm.routing import Case
from app.llm.sampling import Thinking
from app.llm.scripted import ScriptedChatModel
from app.llm.servers.fake_engine import MODES, FakeEngine, Mode
from app.llm.servers.fake_thoughts import THINKING_MODES
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from tests.llm.test_breaker import Clock
from tests.llm.test_openai_chat import ANSWER, CLOSED_PORT, QUESTION
from tests.patience import PATIENCE_S
from tests.serving import serving
from tests.tokens import Characters

# The last two differ only where tools are offered.
WHOLE = {"ok", "split", "joined", "no_done", "loading_once", "count", "clock", "no_tools", "tool"}
WHOLE |= set(THINKING_MODES)
BROKEN = {"stall_middle", "reset", "malformed", "unfinished", "error_middle"}
REJECTED = {"refused", "error_first"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def remote(url: str, mode: str, clock: Clock, **fields: object) -> Engine:
    """An engine named for its mode."""
    spec = EngineSpec.model_validate({"name": mode, "model": f"fake:{mode}", **fields})
    model = OpenAIChatModel(
        url,
        spec.served_model,
        Characters(),
        render=render_chatml,
        connect_timeout_s=1,
        first_token_timeout_s=0.3 if mode.startswith("stall") else 20,
        stall_timeout_s=0.3 if mode.startswith("stall") else 20,
        thinking=Thinking("always" if mode in THINKING_MODES else "no", opened="opened" in mode),
    )
    return engine_of(spec, model, clock)


def engine_of(spec: EngineSpec, model: OpenAIChatModel | ScriptedChatModel, clock: Clock) -> Engine:
    queue = RequestQueue(spec.max_running, spec.max_waiting)
    return Engine(spec, model, CircuitBreaker(clock=clock), queue)


class Heard:
    """What came of one question."""

    def __init__(self) -> None:
        self.text = ""
        self.served: Served | None = None
        self.error: LlmError | None = None


async def ask(gateway: Gateway, wanted: str = "auto") -> Heard:
    heard = Heard()
    deltas = gateway.choose(wanted, Case("年假？")).stream(QUESTION, max_tokens=100)
    try:
        async with aclosing(deltas):
            async for delta in deltas:
                heard.text += delta.text
                heard.served = delta.served or heard.served
    except LlmError as error:
        heard.error = error
    return heard


def whole_text(mode: str) -> str:
    """What an engine in a mode of `WHOLE` writes within the tokens that `ask` allows."""
    if mode == "think_only":
        return ""
    return "".join(f"{n} " for n in range(100)) if mode in ("count", "clock") else ANSWER


def without_moment(text: str) -> str:
    """The mode `clock` begins with the moment at which it did."""
    return re.sub(r"^\d{6,} ", "0 ", text)


def in_use(gateway: Gateway) -> int:
    return sum(e.queue.running + e.queue.waiting for e in gateway.engines.values())


@pytest.mark.parametrize("mode", MODES)
async def test_alone_every_mode_ends_in_the_answer_or_one_clear_error(
    fake_url: str, mode: Mode, clock: Clock
) -> None:
    gateway = Gateway([remote(fake_url, mode, clock)])
    heard = await ask(gateway)
    if mode in WHOLE:
        assert (without_moment(heard.text), heard.error) == (whole_text(mode), None)
    elif mode in BROKEN:
        assert heard.text == ANSWER[: len(ANSWER) // 2]
        assert isinstance(heard.error, EngineStreamBroken)
    else:
        assert heard.text == ""
        kind = {"busy": EngineBusy}.get(mode, EngineUnavailable)
        assert isinstance(heard.error, RequestRejected if mode in REJECTED else kind)
    assert heard.error is None or str(heard.error)
    assert in_use(gateway) == 0
    await gateway.close()


@pytest.mark.parametrize("mode", MODES)
async def test_with_a_fallback_every_mode_ends_in_the_answer_or_keeps_its_text(
    fake_url: str, mode: Mode, clock: Clock
) -> None:
    gateway = Gateway([remote(fake_url, mode, clock), remote(fake_url, "fallback", clock)])
    heard = await ask(gateway)
    assert heard.served is not None
    if mode in BROKEN:  # a token has gone out: no other engine may go on with it
        assert heard.text == ANSWER[: len(ANSWER) // 2]
        assert isinstance(heard.error, EngineStreamBroken)
        assert heard.served.engine == mode
    else:
        assert (without_moment(heard.text), heard.error) == (whole_text(mode), None)
        assert heard.served.engine == (mode if mode in WHOLE else "fallback")
        assert [tried.engine for tried in heard.served.tried] == ([] if mode in WHOLE else [mode])
    assert in_use(gateway) == 0
    await gateway.close()


@pytest.mark.parametrize(
    "mode", sorted(set(MODES) - WHOLE - REJECTED - {"busy", "stall_middle", "stall_first"})
)
async def test_failures_open_the_breaker_and_a_trial_closes_it(
    fake_url: str, fake_engine: FakeEngine, mode: str, clock: Clock
) -> None:
    engine = remote(fake_url, mode, clock)
    gateway = Gateway([engine, remote(fake_url, "fallback", clock)])
    for _ in range(3):
        await ask(gateway)
    assert engine.breaker.state == "open"
    asked = len(fake_engine.requests)
    heard = await ask(gateway)
    assert heard.text == ANSWER
    assert heard.served is not None
    assert [(t.engine, t.reason) for t in heard.served.tried] == [(mode, "open")]
    assert len(fake_engine.requests) == asked + 1  # only the fallback

    clock.now += 15
    assert engine.breaker.state == "half_open"
    engine.model.name = "fake:ok"
    heard = await ask(gateway)
    assert heard.served is not None
    assert (heard.text, heard.served.engine, engine.breaker.state) == (ANSWER, mode, "closed")
    await gateway.close()


@pytest.mark.parametrize("mode", ["busy", *sorted(REJECTED)])
async def test_a_full_queue_and_a_refusal_are_no_failures(
    fake_url: str, mode: str, clock: Clock
) -> None:
    engine = remote(fake_url, mode, clock)
    gateway = Gateway([engine])
    for _ in range(5):
        await ask(gateway)
    assert (engine.breaker.state, engine.breaker.failures) == ("closed", 0)
    assert "fake" in engine.last_error
    await gateway.close()


class TooBusyToSaySo(ScriptedChatModel):
    """Asked whether it is there, it sends somebody a token and lets the question wait."""

    async def ready(self) -> bool:
        if self.gate:
            self.gate.release()
        await asyncio.sleep(0.01)
        return False


@pytest.mark.parametrize("busy", [True, False])
async def test_an_engine_that_sends_others_tokens_is_not_gone_for_one_failure(
    clock: Clock, busy: bool
) -> None:
    model = TooBusyToSaySo(gate=asyncio.Semaphore(1) if busy else None)
    engine = engine_of(EngineSpec(name="only"), model, clock)
    gateway = Gateway([engine])
    model.enqueue("年假", "十天")
    if busy:
        other = asyncio.create_task(ask(gateway))
        while not model.history:  # noqa: ASYNC110  # a task beside this one
            await asyncio.sleep(0)
    else:
        await ask(gateway)
    model.enqueue(error=EngineUnavailable("timed out"))
    failed = await ask(gateway)
    assert isinstance(failed.error, EngineUnavailable)
    assert (engine.breaker.state, engine.gone) == (("closed", False) if busy else ("open", True))
    if busy:
        assert (await other).text == "年假十天"


async def test_an_engine_that_is_gone_is_left_alone_at_once_and_taken_back_when_it_answers(
    fake_engine: FakeEngine, clock: Clock
) -> None:
    with serving(fake_engine.app()) as address:
        port = int(address.rpartition(":")[2])
        engine = remote(f"{address}/v1", "ok", clock)
    gateway = Gateway([engine])
    heard = await ask(gateway)
    assert isinstance(heard.error, EngineUnavailable)
    assert (engine.breaker.state, engine.gone) == ("open", True)
    with serving(fake_engine.app(), port):  # no time has passed
        heard = await ask(gateway)
        assert heard.text == ANSWER
        assert (engine.breaker.state, engine.gone) == ("closed", False)
    await gateway.close()


async def test_where_all_fail_the_error_tells_of_each(fake_url: str, clock: Clock) -> None:
    gateway = Gateway([remote(fake_url, "error", clock), remote(CLOSED_PORT, "elsewhere", clock)])
    heard = await ask(gateway)
    assert isinstance(heard.error, EngineUnavailable)
    assert "error: " in str(heard.error) and "elsewhere: " in str(heard.error)
    busy = Gateway([remote(fake_url, "busy", clock), remote(CLOSED_PORT, "elsewhere", clock)])
    heard = await ask(busy)
    assert isinstance(heard.error, EngineBusy)
    assert heard.error.retry_after_s == 7
    for each in (gateway, busy):
        await each.close()


def scripted(name: str, clock: Clock, *, gate: bool = False, **fields: object) -> Engine:
    model = ScriptedChatModel(name=name, gate=asyncio.Semaphore(0) if gate else None)
    return engine_of(EngineSpec.model_validate({"name": name, **fields}), model, clock)


def script(engine: Engine) -> ScriptedChatModel:
    assert isinstance(engine.model, ScriptedChatModel)
    return engine.model


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # tasks that run beside this one
            await asyncio.sleep(0)


async def test_beyond_running_and_waiting_the_next_is_told_when_to_come(clock: Clock) -> None:
    engine = scripted("only", clock, gate=True, max_running=2, max_waiting=3)
    gateway = Gateway([engine])
    model = script(engine)
    for _ in range(5):
        model.enqueue("年假")
    tasks = [asyncio.create_task(ask(gateway)) for _ in range(5)]
    await until(lambda: (engine.queue.running, engine.queue.waiting) == (2, 3))

    refused = await ask(gateway)
    assert isinstance(refused.error, EngineBusy)
    assert refused.error.retry_after_s is not None and refused.error.retry_after_s >= 1

    tasks[4].cancel()  # one that waits
    tasks[0].cancel()  # one that runs
    await until(lambda: (engine.queue.running, engine.queue.waiting) == (2, 1))
    assert model.closed == 1
    assert model.gate is not None
    for _ in range(3):
        model.gate.release()
    heard = await asyncio.gather(*tasks[1:4])
    assert [each.text for each in heard] == ["年假"] * 3
    assert in_use(gateway) == 0


async def test_a_full_engine_hands_on_to_the_next(clock: Clock) -> None:
    first = scripted("first", clock, gate=True, max_running=1, max_waiting=0)
    second = scripted("second", clock)
    gateway = Gateway([first, second])
    script(first).enqueue("一")
    script(second).enqueue("二")
    running = asyncio.create_task(ask(gateway))
    await until(lambda: first.queue.running == 1)
    heard = await ask(gateway)
    assert heard.served is not None
    assert (heard.text, heard.served.tried[0].reason) == ("二", "busy")
    running.cancel()
    await until(lambda: in_use(gateway) == 0)


async def test_every_stop_in_the_middle_gives_its_place_back(clock: Clock) -> None:
    engine = scripted("only", clock, gate=True, max_running=3, max_waiting=100)
    gateway = Gateway([engine])
    model = script(engine)
    for _ in range(40):
        model.enqueue("年", "假")
    tasks = [asyncio.create_task(ask(gateway)) for _ in range(40)]
    assert model.gate is not None
    for number, task in enumerate(tasks):
        model.gate.release()
        for _ in range(number % 5):
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (in_use(gateway), engine.breaker.state) == (0, "closed")
    model.gate = None
    model.enqueue("年假")
    assert (await ask(gateway)).error is None


async def test_who_is_asked_first(clock: Clock) -> None:
    large = scripted("large", clock)
    small = scripted("small", clock, size="small")
    outside = scripted("outside", clock, only_by_name=True)
    gateway = Gateway([large, small, outside])
    simple, hard = Case("年假有几天？"), Case("年假和病假的区别？")

    def order(wanted: str, case: Case) -> tuple[list[str], str]:
        chosen = gateway.choose(wanted, case)
        return [engine.spec.name for engine in chosen.engines], chosen.reason

    assert order("auto", simple) == (["small", "large"], "simple")
    assert order("auto", hard) == (["large", "small"], "comparison")
    assert order("small", hard) == (["small", "large"], "named")
    assert order("outside", simple) == (["outside", "large", "small"], "named")
    assert Gateway([large, outside]).choose("auto", simple).reason == "only"
    assert [gateway.knows(name) for name in ("auto", "outside", "other")] == [True, True, False]


async def test_as_a_chat_model_it_asks_in_order(clock: Clock) -> None:
    down, up = scripted("down", clock), scripted("up", clock)
    gateway = Gateway([down, up])
    script(up).enqueue("好")
    text = "".join([d.text async for d in gateway.stream([Message("user", "?")], max_tokens=9)])
    assert (text, gateway.name, await gateway.ready()) == ("好", "down", True)
