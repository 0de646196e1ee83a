"""A fast OpenAI-compatible server without a model, for tests and benchmarks.

    python -m app.llm.servers.fake_engine --port N [--delay-ms 0]

It answers with the first sentence of source [1] and its marker. A model name such as `fake:busy`
selects a mode; see `MODES`.
"""

import argparse
import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.llm.servers.fake_first import first_token_document
from app.llm.servers.fake_thoughts import THINKING_MODES, thinks, thought_chunks
from app.llm.servers.fake_tools import tool_call_chunks, tool_results

Mode = Literal[
    "ok",
    "error",  # 500
    "busy",  # 429, retry after 7 s
    "loading",  # 503 always
    "loading_once",  # 503 once
    "refused",  # 400
    "stall_headers",  # no response headers
    "stall_first",  # headers, then nothing
    "stall_middle",  # half the answer, then silence
    "reset",  # half the answer, then the connection breaks
    "count",  # `0 1 2 …`, so that a lost token shows
    "clock",  # the same after the microsecond, by the monotonic clock, at which it was sent
    "split",  # every byte in its own packet
    "joined",  # the whole stream in one packet
    "no_done",  # no [DONE]
    "html",  # 200 with an HTML page
    "empty",  # 200 and an empty stream
    "malformed",  # half the answer, then a chunk that is not JSON
    "unfinished",  # half the answer, then a clean end without finish reason and [DONE]
    "error_middle",  # half the answer, then an error inside the stream
    "error_first",  # an error as first chunk of the stream
    "no_tools",  # 400 if tools are offered
    "tool",  # calls tools while any are offered: `fake_tools.py`
    "think",  # a thought in tags before the answer: `fake_thoughts.py`
    "think_apart",  # the thought in a field of its own, in the chat protocol
    "think_opened",  # without the opening tag, which the template wrote
    "think_only",  # the limit comes while it thinks
]
MODES: tuple[Mode, ...] = get_args(Mode)

_FIRST_SOURCE = re.compile(r'="1" [^\n]*>\n\s*(.+?[。！？.!?\n])', re.DOTALL)
_NO_SOURCE = "没有资料。"
_STALL_S = 3600.0
_WHOLE = {"ok", "count", "clock", "split", "joined", "no_done", "tool", *THINKING_MODES}
_STATUS = {"error": 500, "busy": 429, "loading": 503, "refused": 400}


@dataclass(slots=True)
class FakeEngine:
    """State of a server. `requests`: received bodies; `cut_off`: streams closed by the client."""

    delay_s: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    cut_off: int = 0

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/completions", self._complete, methods=["POST"]),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/state", self._state),
            ]
        )

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "fake", "object": "model"}]})

    async def _state(self, _request: Request) -> Response:
        return JSONResponse({"requests": self.requests, "cut_off": self.cut_off})

    async def _complete(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.requests.append(body)
        mode = mode_of(body["model"])
        if mode == "loading_once":
            mode = "ok" if self._asked(body["model"]) > 1 else "loading"
        if mode == "no_tools":
            mode = "refused" if "tools" in body else "ok"
        if mode in _STATUS:
            return JSONResponse(
                {"error": {"message": f"fake: {mode}"}},
                _STATUS[mode],
                {"Retry-After": "7"} if mode == "busy" else None,
            )
        if mode == "stall_headers":
            await asyncio.sleep(_STALL_S)
        if mode == "html":
            return HTMLResponse("<h1>fake: sign in</h1>")
        if "logprobs" in body:
            return JSONResponse(
                first_token_document(body, yes=bool(_FIRST_SOURCE.search(_asked_of(body))))
            )
        return StreamingResponse(self._stream(body, mode), media_type="text/event-stream")

    def _asked(self, model: str) -> int:
        return sum(body["model"] == model for body in self.requests)

    async def _stream(self, body: dict[str, Any], mode: Mode) -> AsyncIterator[bytes]:
        ended = False
        try:
            if mode == "joined":
                yield b"".join([event async for event in self._events(body, mode)])
                ended = True
                return
            async for event in self._events(body, mode):
                for packet in (bytes([b]) for b in event) if mode == "split" else (event,):
                    yield packet
                    if mode == "split":
                        await asyncio.sleep(0)
            ended = True
        finally:
            self.cut_off += not ended

    async def _events(self, body: dict[str, Any], mode: Mode) -> AsyncIterator[bytes]:
        chat = "messages" in body
        prompt = body["messages"][-1]["content"] if chat else body["prompt"]
        if mode == "tool" and chat:
            prompt = tool_results(body["messages"])
        tokens = body.get("max_tokens", 512)
        count = (f"{number} " for number in range(tokens))
        pieces = list(count if mode in ("count", "clock") else answer_to(prompt))[:tokens]
        if mode == "stall_first":
            await asyncio.sleep(_STALL_S)
        if mode == "empty":
            return
        if mode == "error_first":
            yield _event({"error": {"message": "fake: too long", "code": 400}})
            return
        if mode == "tool" and chat and (calls := tool_call_chunks(body)):
            for document in calls:
                yield _event(document)
            yield b"data: [DONE]\n\n"
            return
        thought = thought_chunks(body, mode) if thinks(body, mode) else []
        async for event in self._in_time(thought):
            yield event
        cut = bool(thought) and mode == "think_only"
        pieces = [] if cut else pieces
        written = len(thought) + len(pieces)
        breaks_at = None if mode in _WHOLE else len(pieces) // 2
        if mode == "clock" and pieces:
            pieces = pieces[1:]
            await asyncio.sleep(self.delay_s)
            yield _event(_chunk(chat, f"{time.monotonic_ns() // 1000} "))
        async for event in self._in_time([_chunk(chat, piece) for piece in pieces[:breaks_at]]):
            yield event
        if breaks_at is not None:
            async for event in _broken(mode):
                yield event
            return
        yield _event(_chunk(chat, "", "length" if cut else "stop"))
        usage = {"prompt_tokens": len(prompt), "completion_tokens": written}
        yield _event({"choices": [], "usage": usage})
        if mode != "no_done":
            yield b"data: [DONE]\n\n"

    async def _in_time(self, documents: list[dict[str, Any]]) -> AsyncIterator[bytes]:
        for document in documents:
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            yield _event(document)


def _asked_of(body: dict[str, Any]) -> str:
    """All that the model is to read."""
    turns = body.get("messages", [])
    return str(body.get("prompt", "")) + "".join(turn["content"] or "" for turn in turns)


async def _broken(mode: Mode) -> AsyncIterator[bytes]:
    """The failure after half of the answer."""
    if mode == "stall_middle":
        await asyncio.sleep(_STALL_S)
    if mode == "reset":
        raise ConnectionResetError("fake: reset")
    if mode == "malformed":
        yield b'data: {"choices": [{"te\n\n'
    if mode == "error_middle":
        yield _event({"error": {"message": "fake: out of memory", "code": 500}})


def mode_of(model: str) -> Mode:
    """The mode in a model's name; `ok` if it has none."""
    wanted = model.partition(":")[2]
    return next((mode for mode in MODES if mode == wanted), "ok")


def answer_to(prompt: str) -> str:
    """The first sentence of source [1] of the last turn, with its marker."""
    turn = prompt.rpartition("<|im_start|>user\n")[2]
    found = _FIRST_SOURCE.search(turn)
    if not found:
        return _NO_SOURCE
    sentence = found[1].strip()
    stop = sentence[-1] if sentence[-1] in "。！？.!?" else ""
    return f"{sentence.removesuffix(stop)}[1]{stop}"


def _chunk(chat: bool, text: str, finish_reason: str | None = None) -> dict[str, Any]:
    content = {"delta": {"content": text}} if chat else {"text": text}
    return {"choices": [{"index": 0, **content, "finish_reason": finish_reason}]}


def _event(document: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.llm.servers.fake_engine")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="before every token")
    options = parser.parse_args()
    engine = FakeEngine(delay_s=options.delay_ms / 1000)
    uvicorn.run(engine.app(), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
