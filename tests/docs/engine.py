"""The shipped fake engine, served on loopback, and a chat model that asks it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from app.llm.servers.fake_engine import FakeEngine
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from ingest.embedding.hashing import HashingEmbedder
from tests.application import listening_socket


class _Tokenizer:
    def count(self, text: str) -> int:
        return HashingEmbedder().token_counts([text])[0]


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """`url` is with `/v1`; answers repeat the first sentence of the best source."""

    url: str
    engine: FakeEngine
    model: OpenAIChatModel


@contextmanager
def running_engine() -> Iterator[RunningEngine]:
    """Serve a fake engine on a free port."""
    engine = FakeEngine()
    with listening_socket() as listener:
        server = uvicorn.Server(uvicorn.Config(engine.app(), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            model = OpenAIChatModel(url, "fake", _Tokenizer(), render=render_chatml)
            yield RunningEngine(url, engine, model)
        finally:
            server.should_exit = True
            thread.join(timeout=20)
