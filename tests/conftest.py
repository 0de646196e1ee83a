"""Fixtures that several areas use."""

import gc
import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.llm.scripted import ScriptedChatModel
from app.llm.servers.fake_engine import FakeEngine
from tests.application import RunningApi, running_api
from tests.milvus import milvus_server
from tests.object_store import files_url, object_server
from tests.postgres import postgres_server
from tests.serving import serving

__all__ = ["files_url", "milvus_server", "object_server", "postgres_server"]

ROOT = Path(__file__).parent

# Property tests are about what is true, not about how fast this machine is today.
settings.register_profile(
    "any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any_machine")


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Each HTTP client reads the certificates of the web: 0.03 s of CPU time, on loopback too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


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


# Whole services, processes, real models, text recognition, and what takes seconds for each test:
# what `make test-fast` leaves out.
SLOW = (
    *("api", "browser", "cli", "docker_files", "docs", "engines", "evals", "fuzz", "interop"),
    *("guard/test_api", "guard/test_browser", "guard/test_interface"),
    *("install/test_install", "install/test_choice_of_python"),
    *("processes", "redteam", "seeing", "torture"),
    *("ingest/embedding/test_openvino_graph", "ingest/embedding/test_sentence_transformer"),
    *("ingest/pages/test_scans", "ingest/parsers/test_hostile", "ingest/parsers/test_old_office"),
    *("models/test_awq_pack", "models/test_merge", "models/test_store", "models/test_vllm_weights"),
    *("services/jobs/test_workers", "services/library/test_formats"),
    *("db/test_object_files", "services/library/test_object_store", "tasks/test_tools"),
    *("services/search/test_reembed", "services/test_whole_line_on_postgres"),
    *("services/calibration", "services/improvement/canary/test_real_engine"),
    *("services/improvement/changes", "services/improvement/test_gating"),
    *("services/improvement/test_killed", "services/improvement/test_training_line"),
    *("services/operations/test_presets", "services/people/test_leaks", "vectorstore/test_milvus"),
    *("tasks/test_engines_of_tasks", "tuning/test_formats", "tuning/trainer/test_methods"),
    *("ui/people/test_sign_in", "ui/people/test_signed_in"),
    "llm/test_swapping",
)
# Fixtures that serve: a database, an object store, an API, an engine.
SERVERS = frozenset(
    {"postgres_server", "milvus_server", "object_server", "api", "api_url", "fake_url"}
)
# Tests that share an expensive fixture stay on one worker: the group of each path.
SHARED = {
    "browser/whole/": "zhiwen up",
    "browser/everyone/": "everyone",
    "install/bundle/": "install/bundle",
    "browser/people/test_people": "people in the browser",  # one goes on where the other ended
    **{path: path for path in ("browser/test_address", "browser/documents/test_document_pages")},
    **{path: path for path in ("browser/test_phone", "browser/test_words", "docs/test_pages")},
    "redteam/test_redteam": "redteam",
    "redteam/test_schemathesis": "schemathesis",
    **{path: path for path in ("engines/", "guard/test_browser", "guard/test_interface")},
    **{path: path for path in ("ingest/embedding/test_openvino_graph", "install/test_install")},
    **{path: path for path in ("llm/test_engine.py", "processes/test_kill", "seeing/test_metrics")},
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`make test-fast` does not import what it leaves out: half of its start were torch and TRL."""
    if config.getoption("markexpr") == "not slow" and _path(collection_path).startswith(SLOW):
        return True
    return None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files and long texts by their parameter: bytes of a file may hold the time of day, and
    workers that collect in different seconds would then disagree about the tests."""
    if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 100):
        return argname
    return None


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out, and order tests for workers (pytest-xdist)."""
    for listed in (*SLOW, *SHARED):
        if not any(ROOT.glob(f"{listed.rstrip('/')}*")):
            raise pytest.UsageError(f"tests/{listed} is listed in tests/conftest.py and not there")
    for item in items:
        path = _path(item.path)
        if path.startswith(SLOW) or _needs_server_or_weights(item):
            item.add_marker(pytest.mark.slow)
        for shared, group in SHARED.items():
            if path.startswith(shared):
                item.add_marker(pytest.mark.xdist_group(group))
    if hasattr(config, "workerinput"):  # slow ones first, so that the workers end together
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Garbage collection skips what was imported: going through it took a fifth of the time."""
    gc.freeze()


def _path(path: Path) -> str:
    """`db/test_files.py`."""
    return path.relative_to(ROOT).as_posix()


def _needs_server_or_weights(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return (
        hasattr(item.module, "store_with")
        or "postgresql" in parameters
        or not SERVERS.isdisjoint(item.fixturenames)
    )
