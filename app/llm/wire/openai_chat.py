"""A chat model behind any OpenAI-compatible server: vLLM, llama.cpp, others.

Two protocols. `completions`: we render ChatML and post the text to `/completions`, so that the
served prompt equals the one exported for fine-tuning, byte for byte. `chat`: the server renders.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol

import httpx
from httpx_sse import EventSource, SSEError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from app.llm.adapters import BARE, CONVERSATION, IN_SHADOW, Challenger
from app.llm.chat_model import (
    Delta,
    EngineStreamBroken,
    EngineUnavailable,
    Messages,
    messages_for,
)
from app.llm.sampling import Sampling, Thinking
from app.llm.wire.chunks import DONE, Chunk, error_reason
from app.llm.wire.connections import Connections
from app.llm.wire.failures import Transient, broken, checked, refusal
from app.llm.wire.first_tokens import asking_for_first, read_first_tokens
from app.llm.wire.request import CHATML_STOP, Manner, Render
from app.llm.wire.tool_calls import merge_calls

__all__ = ["CHATML_STOP", "OpenAIChatModel", "Render"]

_NEVER_THINKS = Thinking()
_SERVERS_OWN = Sampling()

_TRIES = 2
_RETRY_WAIT_S = 0.1
_READY_TIMEOUT_S = 2.0
_WRITE_TIMEOUT_S = 10.0
_KEEPALIVE_S = 2.0  # less than the 5 s after which llama.cpp and uvicorn close an idle connection
_MAX_CONNECTIONS = 256


class CountsTokens(Protocol):
    def count(self, text: str) -> int: ...


class OpenAIChatModel:
    """Implements `ChatModel`. `base_url` ends with `/v1`; without `render` the server renders.

    `first_token_timeout_s` counts from the request, `stall_timeout_s` from token to token.
    """

    def __init__(
        self,
        base_url: str,
        name: str,
        tokenizer: CountsTokens,
        *,
        render: Render | None = None,
        api_key: str = "",
        context_tokens: int = 4096,
        connect_timeout_s: float = 3.0,
        first_token_timeout_s: float = 120.0,
        stall_timeout_s: float = 30.0,
        thinking: Thinking = _NEVER_THINKS,
        sampling: Sampling = _SERVERS_OWN,
        sampling_thinking: Sampling = _SERVERS_OWN,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self._base_url = base_url.rstrip("/")
        self._tokenizer = tokenizer
        self._manner = Manner(
            context_tokens,
            tokenizer.count,
            render,
            thinking,
            sampling,
            sampling_thinking,
        )
        self._adapter = BARE
        self._adapter_fields: Mapping[str, Any] = {}
        self._challenger: Challenger | None = None
        self._first_token_timeout_s = first_token_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(None, connect=connect_timeout_s, write=_WRITE_TIMEOUT_S),
            transport=Connections(
                limits=httpx.Limits(
                    max_connections=_MAX_CONNECTIONS, keepalive_expiry=_KEEPALIVE_S
                ),
                trust_env=False,
            ),
            trust_env=False,  # the environment's proxies are for the internet, not for the engine
        )

    def answer_with(
        self, adapter: str, fields: Mapping[str, Any], challenger: Challenger | None = None
    ) -> None:
        """From the next request on, answer with this adapter, or with the challenger where it takes
        the conversation; `fields` are what a request says for it, see `app.llm.adapters`."""
        self._adapter, self._adapter_fields = adapter, fields
        self._challenger = challenger

    def writer(self) -> tuple[str, Mapping[str, Any]]:
        """The adapter that answers the current task, and what its requests say."""
        other = self._challenger
        if other is not None and (IN_SHADOW.get() or other.takes(CONVERSATION.get())):
            return other.adapter, other.fields
        return self._adapter, self._adapter_fields

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def count_tokens(self, text: str) -> int:
        return self._tokenizer.count(text)

    async def ready(self) -> bool:
        try:
            response = await self._client.get(f"{self._base_url}/models", timeout=_READY_TIMEOUT_S)
        except httpx.HTTPError:
            return False
        return response.is_success

    async def stream(
        self,
        messages: Messages,
        *,
        max_tokens: int,
        temperature: float | None = None,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
        thinking: bool | None = None,
    ) -> AsyncGenerator[Delta, None]:
        """See `ChatModel.stream`. A request is retried once, and never after the first token."""
        deadline = asyncio.get_running_loop().time() + self._first_token_timeout_s
        asked = messages_for(self, messages)
        path, body = self._manner.request(
            asked,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            tools=tools,
            thinking=thinking,
        )
        adapter, fields = self.writer()  # of this request, to its end
        parts = self._manner.parts(stop, thinking)
        started, final = False, Delta()
        try:
            async with (
                self._response(path, {"model": self.name, **body, **fields}, deadline) as response,
                aclosing(self._chunks(response, deadline)) as chunks,
            ):
                async for chunk in chunks:
                    final = _merge(final, chunk)
                    for delta in parts.feed(chunk.text, chunk.thought):
                        yield delta if started else replace(delta, adapter=adapter)
                        started = True
                    if parts.stopped:
                        final = replace(final, finish_reason="stop")
                        break
        except EngineStreamBroken:
            for delta in parts.finish():
                yield delta
            raise
        except (httpx.TransportError, TimeoutError, SSEError) as error:
            for delta in parts.finish() if started else ():
                yield delta
            reason = f"{self._base_url}: {str(error) or type(error).__name__}"
            raise broken(started, reason) from error
        for delta in parts.finish():
            yield delta
        yield final if started else replace(final, adapter=adapter)

    async def first_tokens(self, messages: Messages) -> Mapping[str, float]:
        """See `ChatModel.first_tokens`. Never retried."""
        path, body = self._manner.request(
            messages_for(self, messages),
            max_tokens=1,
            temperature=0,
            stop=(),
            tools=(),
            thinking=False,
        )
        asked = asking_for_first({"model": self.name, **body, **self.writer()[1]})
        try:
            async with asyncio.timeout(self._stall_timeout_s):
                response = await self._client.post(self._base_url + path, json=asked)
            if response.status_code != httpx.codes.OK:
                raise refusal(response, error_reason(response.content))
            return read_first_tokens(response.json())
        except (httpx.TransportError, TimeoutError, ValueError) as error:
            reason = f"{self._base_url}: {str(error) or type(error).__name__}"
            raise EngineUnavailable(reason) from error

    @asynccontextmanager
    async def _response(
        self, path: str, body: dict[str, Any], deadline: float
    ) -> AsyncIterator[httpx.Response]:
        """A response of status 200 with its body unread."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(_TRIES),
            wait=wait_fixed(_RETRY_WAIT_S),
            reraise=True,
        )
        async with asyncio.timeout_at(deadline):
            response: httpx.Response = await retrying(self._open, path, body)
        try:
            yield response
        finally:
            await response.aclose()

    async def _open(self, path: str, body: dict[str, Any]) -> httpx.Response:
        request = self._client.build_request("POST", self._base_url + path, json=body)
        try:
            response = await self._client.send(request, stream=True)
        except httpx.ConnectTimeout as error:
            # This process itself may have noticed the connection late: in a burst of questions the
            # event loop lags by tenths of a second at each step.
            raise Transient(f"{self._base_url}: {type(error).__name__}") from error
        except httpx.TimeoutException as error:
            raise EngineUnavailable(f"{self._base_url}: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise Transient(f"{self._base_url}: {error}") from error
        if response.status_code == httpx.codes.OK:
            return response
        try:
            reason = error_reason(await response.aread())
        finally:
            await response.aclose()
        raise refusal(response, reason)

    async def _chunks(
        self, response: httpx.Response, deadline: float
    ) -> AsyncGenerator[Chunk, None]:
        """Chunks until the end of the stream. Raises TimeoutError if one is late."""
        clock = asyncio.get_running_loop().time
        started = finished = False
        async with aclosing(EventSource(response).aiter_sse()) as events:
            while True:
                limit = clock() + self._stall_timeout_s if started else deadline
                async with asyncio.timeout_at(limit):
                    event = await anext(events, None)
                if event is None and not finished:
                    raise broken(started, f"{self._base_url}: ended without a finish reason")
                if event is None or event.data == DONE:
                    return
                chunk = checked(event.data, started)
                started = started or bool(chunk.text or chunk.thought or chunk.tool_calls)
                finished = finished or chunk.finish_reason is not None
                yield chunk


def _merge(final: Delta, chunk: Chunk) -> Delta:
    """Finish reason and token counts arrive in one chunk or two, depending on the server."""
    reason = chunk.finish_reason or final.finish_reason
    calls = merge_calls(final.tool_calls, chunk.tool_calls)
    return Delta(finish_reason=reason, tokens=chunk.tokens or final.tokens, tool_calls=calls)
