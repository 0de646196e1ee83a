"""An embedder that cannot be loaded: everyone is told why, and it is tried again."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.api.main import create_app
from app.llm.scripted import ScriptedChatModel
from app.services.operations.warm_up import PAUSES_S, WarmUp
from app.wiring.application import build
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.application import test_settings as settings_for
from tests.cli.conftest import zhiwen
from tests.cli.shell import Shell
from tests.patience import PATIENCE_S
from tests.processes.zhiwen_up import eventually
from tests.serving import serving

__all__ = ["zhiwen"]

REASON = "model.safetensors is truncated"


class Damaged(HashingEmbedder):
    """Cannot be loaded before it is mended."""

    mended = False

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        if not self.mended:
            raise OSError(REASON)
        return super().embed(texts, kind=kind)


@dataclass(frozen=True, slots=True)
class Service:
    """One whose embedder has failed once, and is tried again when `again` is set."""

    url: str
    embedder: Damaged
    again: threading.Event


@pytest.fixture(name="service")
def failing_service(tmp_path: Path) -> Iterator[Service]:
    embedder, failed, again = Damaged(), threading.Event(), threading.Event()
    built = build(settings_for(tmp_path), embedder=embedder, model=ScriptedChatModel())

    def wait(_pause_s: float) -> None:
        failed.set()
        again.wait(PATIENCE_S)

    built.warm.wait = wait
    with serving(create_app(built), lifespan="on") as url:
        assert failed.wait(PATIENCE_S)
        yield Service(url, embedder, again)
        again.set()
        built.warm.stop()


def test_status_log_and_doctor_tell_why_until_another_try_succeeds(
    service: Service,
    zhiwen: Shell,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as http:

        def embedder() -> dict[str, object]:
            components = http.get("/api/status").json()["components"]
            (found,) = (part for part in components if part["name"] == "embedder")
            return dict(found)

        readiness = http.get("/readyz")
        assert readiness.status_code == 503
        assert "zhiwen doctor" in readiness.json()["detail"]
        assert not embedder()["ok"]
        assert REASON in str(embedder()["detail"])
        assert embedder()["facts"] == {"failures": 1}
        assert any(REASON in record.getMessage() for record in caplog.get_records("setup"))
        monkeypatch.setenv("ZHIWEN_API_URL", service.url)
        said = zhiwen("doctor")
        assert said.code == 1
        assert REASON in " ".join(said.out.split())

        service.embedder.mended = True
        service.again.set()

        assert eventually(lambda: http.get("/readyz").status_code == 200)
        assert embedder()["ok"]


def test_the_pauses_between_tries_grow_to_a_bound() -> None:
    waited: list[float] = []

    def load() -> None:
        if len(waited) < len(PAUSES_S) + 3:
            raise OSError(REASON)

    warm = WarmUp(load, waited.append)
    assert warm.run()
    assert waited == [*PAUSES_S, *[max(PAUSES_S)] * 3]
    assert (warm.ready, warm.error, warm.failures) == (True, "", len(waited))


def test_a_service_that_ends_does_not_try_again() -> None:
    def load() -> None:
        warm.stop()
        raise OSError(REASON)

    warm = WarmUp(load)
    assert not warm.run()
    assert warm.failures == 1
