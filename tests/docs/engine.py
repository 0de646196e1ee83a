"""The shipped fake engine, served on loopback, and a chat model that asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.llm.servers.fake_engine import FakeEngine
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from ingest.embedding.hashing import HashingEmbedder
from tests.serving import serving


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
    with serving(engine.app()) as address:
        url = f"{address}/v1"
        model = OpenAIChatModel(url, "fake", _Tokenizer(), render=render_chatml)
        yield RunningEngine(url, engine, model)
