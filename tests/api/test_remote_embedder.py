"""A service that holds no embedding model: another Zhiwen, a process of its own, embeds for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from pydantic import ValidationError

from app.api.main import create_app
from app.config import Settings
from app.llm.scripted import ScriptedChatModel
from app.models.errors import ModelError
from app.services.library.bases import stored_base
from app.services.library.vectors import FIRST_PLACE, read_vectors
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import build
from app.wiring.models import build_embedder, model_store
from app.wiring.worker import build_ingestion
from evals.speed.processes import free_ports, running
from ingest.chunking.chunk import indexed_text
from ingest.embedding.remote.embedder import NOBODY_WAITS, SOMEBODY_WAITS, RemoteEmbedder
from ingest.embedding.remote.fake_server import FakeEmbeddings, Fault
from tests.api.sse import ask
from tests.application import RunningApi, wait_until_ready
from tests.application import test_settings as settings_for
from tests.patience import PATIENCE_S
from tests.serving import serving
from tests.sqlite import migrated_file
from tests.weights import EMBEDDER, store_with

LEAVE = "年假为每年十五天，须提前一周申请。"
POWER = "The gateway draws 12 watts from a 24 volt supply."


@contextmanager
def served_by(
    folder: Path, address: str, *, ready: bool = True, **more: object
) -> Iterator[RunningApi]:
    """A service whose model another one runs, built from its settings alone."""
    migrated_file(folder / "zhiwen.db")
    given = {"embedder": EMBEDDER, "embedder_url": f"{address}/v1", **more}
    built = build(settings_for(folder, **given), model=ScriptedChatModel())
    with (
        serving(create_app(built), lifespan="on") as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False) as http,
    ):
        if ready:
            wait_until_ready(http)
        yield RunningApi(url, built, http)


def test_one_zhiwen_embeds_for_another(tmp_path: Path) -> None:
    models = store_with(EMBEDDER).models_dir.absolute()
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    given = {"embedder": EMBEDDER, "models_dir": models}
    first = {"data_dir": tmp_path / "first", "api_port": port, "sample_base": False, **given}
    with (
        running(("app.api",), f"{address}/readyz", first),
        served_by(
            tmp_path / "second", address, models_dir=models, embedder_protocol="zhiwen"
        ) as api,
    ):
        base_id = api.ingest("手册", {"假期.md": f"# 假期\n\n{LEAVE}\n", "power.txt": POWER})
        local = build_embedder(settings_for(tmp_path, **given), store_with(EMBEDDER), threads=1)
        with api.application.db.read() as session:
            base = stored_base(session, base_id)
            assert (base.embedder, base.dim) == (EMBEDDER, local.dim)
            ids, vectors, _ = read_vectors(session, base, after=FIRST_PLACE, limit=10)
        stored = dict(zip(ids, vectors, strict=True))
        for summary in api.http.get(f"/api/bases/{base_id}/documents").json()["items"]:
            (chunk,) = api.application.documents.chunks(ME, summary["id"], limit=10, offset=0)
            title = api.application.documents.get(ME, summary["id"]).document.title
            text = indexed_text(title, tuple(chunk.headings), chunk.text)
            here = local.embed([text], kind="document")[0]
            np.testing.assert_allclose(stored[chunk.id or 0], here, atol=1e-6)
        remote = api.application.embedder
        for kind in ("query", "document"):
            there = remote.embed([LEAVE, POWER], kind=kind)
            np.testing.assert_allclose(there, local.embed([LEAVE, POWER], kind=kind), atol=1e-6)
        assert remote.token_counts([POWER]) == local.token_counts([POWER])
        body = {"query": "How much power does it need?", "base_ids": [base_id]}
        found = api.http.post("/api/search", json=body).json()["passages"]
        assert found[0]["document_name"] == "power.txt"


def test_a_dead_server_is_a_clear_problem_and_the_status_says_why(tmp_path: Path) -> None:
    fake = FakeEmbeddings(dim=384)  # as wide as the model whose part it plays
    with fake.serving() as address, served_by(tmp_path, address) as api:
        base_id = api.ingest("手册", {"假期.txt": LEAVE})
        remote = api.application.embedder
        assert isinstance(remote, RemoteEmbedder)
        fake.faults = [Fault(500, "out of memory")] * 30
        refused = api.http.post("/api/search", json={"query": "病假？", "base_ids": [base_id]})
        assert refused.status_code == 503
        assert refused.json()["code"] == "embedder_unavailable"
        assert "out of memory" in refused.json()["detail"]
        (error,) = ask(api.http, "年假有几天？", base_id)["error"]
        assert (error["status"], error["code"]) == (503, "embedder_unavailable")

        assert remote.patience is SOMEBODY_WAITS
        assert api.http.get("/readyz").status_code == 200, "sign-in and documents go on"
        assert not component(api.http)["ok"]
        assert component(api.http)["facts"] == {"unreachable": 1}
        assert "out of memory" in str(component(api.http)["detail"])

        fake.faults.clear()
        api.http.post("/api/search", json={"query": "病假？", "base_ids": [base_id]})
        assert component(api.http)["ok"]


def test_readiness_says_why_a_service_that_starts_is_not_ready(tmp_path: Path) -> None:
    fake = FakeEmbeddings(dim=384, faults=[Fault(401)] * 1000)
    with fake.serving() as address, served_by(tmp_path, address, ready=False) as api:
        waits = api.http.get("/readyz")
        assert waits.status_code == 503 and "embedding server" in waits.json()["detail"]
        fake.faults.clear()
        wait_until_ready(api.http)


def test_nobody_waits_for_the_worker(tmp_path: Path) -> None:
    url = "http://models.example.com/v1"
    settings = settings_for(tmp_path, embedder="bge-m3", embedder_url=url)
    embedder = build_ingestion(settings).embedder
    assert isinstance(embedder, RemoteEmbedder) and embedder.patience is NOBODY_WAITS


def component(http: httpx.Client) -> dict[str, object]:
    found = http.get("/api/status").json()["components"]
    (embedder,) = (each for each in found if each["name"] == "embedder")
    return dict(embedder)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"embedder_url": "file:///etc/passwd"}, "scheme"),
        ({"embedder_url": "ftp://models.example.com"}, "scheme"),
        ({"embedder_url": "http://me:pass@models.example.com"}, "ZHIWEN_EMBEDDER_API_KEY"),
        ({"embedder_url": "http://models.example.com/v1?key=k"}, "ends with its path"),
        ({"embedder_url": "http://models.example.com", "embedder": None}, "ZHIWEN_EMBEDDER"),
        ({"embedder_protocol": "grpc"}, "embedder_protocol"),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate({"embedder": "bge-m3", **given})


def test_what_is_known_of_a_model_and_what_has_to_be_said(tmp_path: Path) -> None:
    def built(name: str, **more: object) -> RemoteEmbedder:
        url = "http://models.example.com/v1/"
        settings = settings_for(tmp_path, embedder=name, embedder_url=url, **more)
        found = build_embedder(settings, model_store(settings), threads=1)
        assert isinstance(found, RemoteEmbedder)
        return found

    known = built(EMBEDDER, embedder_model="intfloat/multilingual-e5-small", embedder_api_key="k")
    assert known.model.url == "http://models.example.com/v1"
    assert (known.name, known.dim, known.max_tokens) == (EMBEDDER, 384, 512)
    assert known.model.served_as == "intfloat/multilingual-e5-small"
    assert known.model.prompt("document") == "passage: "
    with pytest.raises(ModelError, match="ZHIWEN_EMBEDDER_DIM"):
        built("acme-embed")
    own = built("acme-embed", embedder_dim=768, embedder_query_prompt="Q: ")
    assert (own.dim, own.model.prompt("query"), own.model.prompt("document")) == (768, "Q: ", "")
    other = built("acme-embed", embedder_dim=768)
    assert own.model.identity != other.model.identity, "a calibration is not for both"
