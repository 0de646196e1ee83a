"""Bulk ingestion on a real Ray of this machine: what a node holds when it dies is not lost."""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlmodel import select

from app.config import Settings
from app.db.engine import Database
from app.db.files import LocalFiles
from app.db.tables import Job, StoredChunk
from app.services.jobs.workers import heartbeats
from app.services.people.access import LOCAL_OWNER as ME
from app.worker.on_ray.bulk import Bulk, work_on_ray, work_with
from app.worker.on_ray.cluster import Node, connected, start_nodes
from app.worker.on_ray.errors import NoCluster, RayMissing, ReaderLost
from app.worker.on_ray.reader import Known, Making, make_reader, sent_settings
from evals.speed.processes import children
from ingest.embedding.hashing import HashingEmbedder
from ingest.embedding.remote.embedder import RemoteEmbedder, RemoteModel
from ingest.embedding.remote.fake_server import FakeEmbeddings, Fault
from ingest.errors import EmbedderUnavailable
from ingest.parsers import parse
from tests.application import test_settings as settings_for
from tests.processes.zhiwen_up import eventually
from tests.services.conftest import WORKER, Application
from tests.sqlite import migrated_file

# Not importorskip: Ray reads its environment when it is imported, which is `connected`'s to set.
pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="needs: pip install zhiwen[ray]"),
    pytest.mark.timeout(900),  # a Ray starts six processes of Python: a minute on busy cores
]

READERS = 2
HERE = Known.of(HashingEmbedder())
_LISTENS = "0A"  # in /proc/net/tcp; addresses are in the byte order of the machine
_LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "0" * 24 + "01000000"}
DOCUMENTS = 30
_PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[int]:
    with connected("local", READERS) as cpus:
        yield cpus


@pytest.fixture(scope="module")
def nodes(cluster: int, tmp_path_factory: pytest.TempPathFactory) -> list[Node]:
    """With the sandbox of the worker."""
    settings = settings_for(tmp_path_factory.mktemp("here"), embedder="hashing", chunk_tokens=400)
    make = partial(make_reader, sent_settings(settings, "hashing"), settings.models_path)
    return start_nodes(cluster, make, HERE)


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    db = Database(f"sqlite:///{migrated_file(tmp_path / 'zhiwen.db')}")
    yield Application(db, LocalFiles(tmp_path / "files"), HashingEmbedder(), tmp_path)
    db.dispose()


def jobs_of(application: Application) -> set[tuple[str, int]]:
    with application.db.read() as session:
        return {(job.state, job.attempts) for job in session.exec(select(Job))}


def until_done(application: Application, nodes: list[Node]) -> None:
    Bulk(application.ingestion, nodes, WORKER, poll_s=0.02).run(
        lambda: not application.jobs.waiting() and ("running", 1) not in jobs_of(application)
    )


def test_a_killed_reader_loses_nothing_and_doubles_nothing(
    application: Application, nodes: list[Node]
) -> None:
    base_id = application.base()
    body = "".join(f"第{row}条：设备每{row}天检查一次。" for row in range(400))
    documents = [
        application.add(base_id, f"{n}.md", f"# 规程 {n}\n\n{body}") for n in range(DOCUMENTS)
    ]
    ended = threading.Event()
    thread = threading.Thread(target=work_with, args=(application.ingestion, nodes, ended.is_set))
    thread.start()
    eventually(lambda: ("done", 1) in jobs_of(application), _PATIENCE_S)
    before = nodes[0].pid()
    os.kill(before, signal.SIGKILL)
    assert len(jobs_of(application)) > 1, "the queue was empty before anything was killed"
    eventually(lambda: jobs_of(application) == {("done", 1)}, _PATIENCE_S)
    ended.set()
    thread.join()

    assert nodes[0].pid() != before
    assert [application.state(each) for each in documents] == ["ready"] * DOCUMENTS
    with application.db.read() as session:
        chunks = session.exec(select(StoredChunk.document_id, StoredChunk.ordinal)).all()
    assert len(set(chunks)) == len(chunks)
    for each in documents:
        ordinals = sorted(ordinal for document_id, ordinal in chunks if document_id == each)
        assert ordinals == list(range(len(ordinals))) and ordinals
    assert heartbeats(application.db) == []


def test_a_node_reads_as_the_worker_does(application: Application, nodes: list[Node]) -> None:
    base_id = application.base()
    good = application.add(base_id, "好.md", "# 假期\n\n年假为每年十五天。\n")
    bad = application.add(base_id, "坏.pdf", "%PDF-1.4 nothing else")
    until_done(application, nodes)
    assert application.state(good) == "ready"
    document = application.documents.get(ME, bad).document
    assert (document.state, document.error_code) == ("failed", "broken")

    text = b"# \xe5\x81\x87\xe6\x9c\x9f\n\n" + "年假为每年十五天。".encode() * 90
    here = application.ingestion.chunks_of(text, "a.md", lambda *_: None)
    assert nodes[0].read(text, "a.md") == here


def served(address: str) -> Making:
    model = RemoteModel(f"{address}/v1", "hashing", "hashing", 256, 512)
    return Making(RemoteEmbedder(model, probe_s=0, sleep=lambda _: None), parse, 400)


def test_documents_wait_for_an_embedding_server(application: Application, cluster: int) -> None:
    document = application.add(application.base(), "一.md", "# 一\n\n第一篇。\n")
    fake = FakeEmbeddings(faults=[Fault(401)] * 3)
    with fake.serving() as address:
        (node,) = start_nodes(1, partial(served, address), HERE, cpus=0)
        with pytest.raises(EmbedderUnavailable, match="ZHIWEN_EMBEDDER_API_KEY"):
            until_done(application, [node])
        application.jobs.give_back(WORKER)
        assert jobs_of(application) == {("queued", 0)}
        fake.faults.clear()
        until_done(application, [node])
    assert application.state(document) == "ready"


def test_ray_listens_on_loopback_only(nodes: list[Node]) -> None:
    """This process, and all that it started."""
    listening = {
        row.split()[9]: row.split()[1]
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if row.split()[3] == _LISTENS
    }
    addresses = set()
    for pid in {os.getpid(), nodes[0].pid(), *descendants(os.getpid())}:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inode = str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")
            except OSError:  # closed meanwhile
                continue
            if inode in listening:
                addresses.add(listening[inode].partition(":")[0])
    assert addresses and addresses <= _LOOPBACK


def descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from descendants(child)


@pytest.mark.parametrize("other", [replace(HERE, embedder="bge-m3"), replace(HERE, release="0.1")])
def test_a_node_with_another_model_or_release_is_refused(cluster: int, other: Known) -> None:
    with pytest.raises(NoCluster, match=r"OtherNode: the node has .*hashing"):
        start_nodes(1, hashing, other, cpus=0)


def hashing() -> Making:
    return Making(HashingEmbedder(), parse, 400)


def test_a_reader_that_cannot_start_again_fails_no_document(
    application: Application, cluster: int, tmp_path: Path
) -> None:
    """As on a node without the model."""
    base_id = application.base()
    documents = [application.add(base_id, f"{n}.md", f"# {n}\n\n第{n}篇。\n") for n in range(6)]
    model = tmp_path / "model"
    model.touch()
    (node,) = start_nodes(1, partial(hashing_with, model), HERE, cpus=0)
    model.unlink()
    os.kill(node.pid(), signal.SIGKILL)
    with pytest.raises(ReaderLost, match="the model is missing"):
        work_with(application.ingestion, [node], lambda: False)
    assert jobs_of(application) == {("queued", 0)}
    assert "failed" not in {application.state(each) for each in documents}


def hashing_with(model: Path) -> Making:
    if not model.exists():
        raise FileNotFoundError("the model is missing")
    return hashing()


def test_a_cluster_without_room_says_so(nodes: list[Node]) -> None:
    """The readers that are there have all processors."""
    with pytest.raises(NoCluster, match="Only 0 of 3 readers found room"):
        start_nodes(3, hashing, HERE, start_s=2)


def test_a_reader_that_cannot_start_says_why(tmp_path: Path, cluster: int) -> None:
    settings = settings_for(tmp_path, embedder="bge-m3")
    make = partial(make_reader, sent_settings(settings, "bge-m3"), tmp_path)
    with pytest.raises(NoCluster, match="zhiwen models pull bge-m3"):
        start_nodes(1, make, HERE, cpus=0)


def test_a_node_is_told_no_secret_but_the_embedder_s(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        database_url="postgresql://zhiwen:geheim@db/zhiwen",
        engine_api_key="geheim",
        api_key="geheim",
    )
    assert "geheim" not in repr(pickle.dumps(sent_settings(settings, "hashing")))


def test_without_ray_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RayMissing, match=r"pip install 'zhiwen\[ray\]'"), connected("local"):
        pass


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, embedder="hashing")
    with pytest.raises(NoCluster, match="no-such-scheme"):
        work_on_ray(settings, "no-such-scheme://127.0.0.1", lambda: True)
