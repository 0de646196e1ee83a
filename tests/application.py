"""A whole Zhiwen in this process, with the engines a test chooses, served on loopback."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.api.main import create_app
from app.config import Settings
from app.llm.chat_model import ChatModel
from app.llm.scripted import ScriptedChatModel
from app.services.ingestion.ingestion import Ingestion
from app.services.jobs.workers import new_worker_name
from app.services.people.sign_in.passwords import Passwords
from app.services.people.sign_in.providers.provider import SignInProvider
from app.wiring.application import Zhiwen, build
from app.worker.evaluator import Evaluator
from ingest.embedding.embedder import Embedder
from ingest.embedding.hashing import HashingEmbedder
from tests.patience import PATIENCE_S
from tests.serving import serving
from tests.sqlite import migrated_file

WORKER = "test-worker"


@dataclass(slots=True)
class RunningApi:
    """`http` is a client of `url`; `application` is what it serves."""

    url: str
    application: Zhiwen
    http: httpx.Client
    _bases: dict[str, str] = field(default_factory=dict)

    def ingest(self, base_name: str, documents: dict[str, str | bytes]) -> str:
        """Upload documents by name into a base, created where missing; all are read on return.

        Returns the base's id.
        """
        base_id = self._bases.get(base_name) or self._create(base_name)
        for name, content in documents.items():
            data = content.encode() if isinstance(content, str) else content
            answer = self.http.post(f"/api/bases/{base_id}/documents", files={"file": (name, data)})
            answer.raise_for_status()
        drain(self.application)
        return base_id

    def _create(self, name: str) -> str:
        answer = self.http.post("/api/bases", json={"name": name})
        answer.raise_for_status()
        self._bases[name] = answer.json()["id"]
        return self._bases[name]


def test_settings(data_dir: Path, **changes: object) -> Settings:
    """Settings that depend on nothing outside of the test."""
    usual = {"sample_base": False, "rewrite_follow_ups": False, "offline": True}
    return Settings.model_validate({"data_dir": data_dir, **usual, **changes})


def drain(application: Zhiwen) -> None:
    """Do all waiting jobs here, as the worker would."""
    ingestion = Ingestion(
        application.db,
        application.files,
        application.jobs,
        application.embedder,
        application.settings.chunk_tokens,
    )
    while (claim := application.jobs.claim(WORKER)) is not None:
        ingestion.run(claim, WORKER)


@contextmanager
def evaluating(application: Zhiwen) -> Iterator[Evaluator]:
    """A worker runs the evaluations that wait, each in a process of its own."""
    evaluator = Evaluator(
        application.settings, application.jobs, new_worker_name(), application.evaluations
    )
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            evaluator.look()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield evaluator
    finally:
        ended.set()
        thread.join()
        evaluator.stop()


@contextmanager
def running_api(
    data_dir: Path,
    *,
    embedder: Embedder | None = None,
    model: ChatModel | None = None,
    passwords: Passwords | None = None,
    provider: SignInProvider | None = None,
    **settings: object,
) -> Iterator[RunningApi]:
    """Serve an application on a free port: hashing embedder, and a scripted model unless one is
    given or the settings name `engines`."""
    if embedder is None:
        settings = {"embedder": "hashing", **settings}  # so that other processes know it too
    if "database_url" not in settings:
        migrated_file(data_dir / "zhiwen.db")
    application = build(
        test_settings(data_dir, **settings),
        embedder=embedder or HashingEmbedder(),
        model=model if model or "engines" in settings else ScriptedChatModel(),
        passwords=passwords,
        provider=provider,
    )
    with (
        serving(create_app(application), lifespan="on") as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False) as http,
    ):
        wait_until_ready(http)
        yield RunningApi(url, application, http)


def wait_until_ready(http: httpx.Client, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if http.get("/readyz").status_code == 200:
                return
        except httpx.ConnectError:
            pass
        time.sleep(0.02)
    raise TimeoutError("the API did not become ready")
