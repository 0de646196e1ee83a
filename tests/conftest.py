"""Fixtures that several areas use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.llm.scripted import ScriptedChatModel
from app.llm.servers.fake_engine import FakeEngine
from tests.house import RunningApi, running_api
from tests.postgres import postgres_server
from tests.serving import serving

__all__ = ["postgres_server"]


@pytest.fixture
def model() -> ScriptedChatModel:
    """The chat model that `api` asks."""
    return ScriptedChatModel()


@pytest.fixture
def api(tmp_path: Path, model: ScriptedChatModel) -> Iterator[RunningApi]:
    """A whole service with a scripted model."""
    with running_api(tmp_path / "data", model=model) as running:
        yield running


@pytest.fixture
def fake_engine() -> FakeEngine:
    """What `fake_url` serves."""
    return FakeEngine()


@pytest.fixture
def fake_url(fake_engine: FakeEngine) -> Iterator[str]:
    """An OpenAI-compatible server without a model."""
    with serving(fake_engine.app()) as address:
        yield f"{address}/v1"
