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

ROOT = Path(__file__).parent


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


# Minutes of waiting for processes and real models: begun first, so that the workers end together.
SLOW = ("processes", "torture", "browser", "engines", "docker_files", "seeing")
# Tests that share an expensive fixture stay on one worker.
SHARED = ("browser/test_whole_line", "engines/", "ingest/test_openvino_graph", "llm/test_engine")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `-n` workers (pytest-xdist), what is slow comes first; else the order stays."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        path = item.path.relative_to(ROOT).as_posix()
        for group in SHARED:
            if path.startswith(group):
                item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.path.relative_to(ROOT).parts[0] not in SLOW)
