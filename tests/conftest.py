"""Fixtures that several areas use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.llm.scripted import ScriptedChatModel
from tests.house import RunningApi, running_api
from tests.postgres import postgres_server

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
