"""`zhiwen vectors move`, and what `zhiwen doctor` says of the engine."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.config import Settings
from app.llm.scripted import ScriptedChatModel
from app.wiring.application import build
from evals.local import add_documents
from ingest.embedding.hashing import HashingEmbedder
from tests.cli.shell import Shell
from tests.postgres import fresh_database


@pytest.fixture
def on_postgres(
    zhiwen: Shell, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    """A base of one document in PostgreSQL, searched by FAISS."""
    monkeypatch.setenv("ZHIWEN_EMBEDDER", "hashing")
    monkeypatch.setenv("ZHIWEN_SAMPLE_BASE", "false")
    with fresh_database(postgres_server, migrated=True) as url:
        monkeypatch.setenv("ZHIWEN_DATABASE_URL", url)
        application = build(Settings(), embedder=HashingEmbedder(), model=ScriptedChatModel())
        application.prepare()
        add_documents(application, "handbook", {"leave.md": b"# Leave\n\nFifteen days a year.\n"})
        application.db.dispose()
        yield zhiwen


def test_vectors_move_there_and_back(on_postgres: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "indexes    faiss" in on_postgres("doctor").out
    moved = on_postgres("vectors", "move", "--to", "pgvector")
    assert (moved.code, moved.err) == (0, "")
    assert "pgvector now searches 1 knowledge bases with 1 vectors" in " ".join(moved.out.split())
    assert "indexes    pgvector" in on_postgres("doctor").out
    monkeypatch.setenv("ZHIWEN_VECTORS", "pgvector")
    back = on_postgres("vectors", "move", "--to", "faiss")
    assert "Set ZHIWEN_VECTORS=faiss before the next start." in back.out
    doctor = on_postgres("doctor")
    assert doctor.code == 1
    assert "zhiwen vectors move --to pgvector" in " ".join(doctor.out.split())
    started = subprocess.run(
        [sys.executable, "-m", "app.api"], capture_output=True, check=False, text=True
    )
    assert started.returncode == 1
    (error,) = [line for line in started.stderr.splitlines() if line.startswith("error: ")]
    assert "ZHIWEN_VECTORS=pgvector, but faiss has this installation's vectors" in error


def test_vectors_move_to_milvus(
    on_postgres: Shell, milvus_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = on_postgres("vectors", "move", "--to", "milvus")
    assert refused.code == 1
    assert "milvus needs ZHIWEN_MILVUS_URL" in " ".join(refused.err.split())
    monkeypatch.setenv("ZHIWEN_MILVUS_URL", milvus_server)
    moved = on_postgres("vectors", "move", "--to", "milvus")
    assert (moved.code, moved.err) == (0, "")
    assert "milvus now searches 1 knowledge bases with 1 vectors" in " ".join(moved.out.split())
    assert "indexes    milvus" in on_postgres("doctor").out
    monkeypatch.setenv("ZHIWEN_MILVUS_URL", "http://127.0.0.1:9")
    doctor = on_postgres("doctor")
    assert doctor.code == 1
    assert "Milvus at http://127.0.0.1:9 failed" in " ".join(doctor.out.split())


def test_what_cannot_be_moved_is_said(zhiwen: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = zhiwen("vectors", "move", "--to", "pgvector")
    assert ran.code == 1
    assert "PostgreSQL" in ran.err
    assert zhiwen("vectors", "move", "--to", "pinecone").code == 2
    monkeypatch.setenv("ZHIWEN_VECTORS", "pgvector")
    ran = zhiwen("doctor")
    assert ran.code == 1
    assert "VECTORS=pgvector needs ZHIWEN_DATABASE_URL=postgresql://" in ran.err
    monkeypatch.setenv("ZHIWEN_VECTORS", "milvus")
    monkeypatch.setenv("ZHIWEN_DATABASE_URL", "postgresql://nowhere/zhiwen")
    ran = zhiwen("doctor")
    assert ran.code == 1
    assert "VECTORS=milvus needs ZHIWEN_MILVUS_URL=http://HOST:19530" in ran.err
