"""A backup that is taken while the service runs gives every answer and every search again."""

import json
import tarfile
from pathlib import Path

import pytest
from sqlmodel import select

from app.db.files import LocalFiles
from app.db.tables import StoredDocument
from app.llm.scripted import ScriptedChatModel
from app.services.operations.backup import BackupError, backup, restore
from tests.api.sse import ask
from tests.application import RunningApi, running_api

QUESTIONS = ("年假有几天？", "How many watts does the gateway draw?", "谁批准差旅费？")
DOCUMENTS: dict[str, str | bytes] = {
    "手册.md": "# 假期\n\n年假为每年十五天，须提前一周申请。\n",
    "gateway.txt": "The gateway draws 12 watts from a 24 volt supply.",
    "差旅.txt": "差旅费由部门主管批准，凭发票报销。",
}


def model() -> ScriptedChatModel:
    scripted = ScriptedChatModel()
    for answer in ("年假为每年十五天[1]。", "It draws 12 watts[1].", "差旅费由部门主管批准[1]。"):
        scripted.enqueue(answer)
    return scripted


def what_it_says(api: RunningApi, base_id: str) -> dict[str, object]:
    """Search results with all scores, and each conversation with its citations and sources."""
    found = {}
    for question in QUESTIONS:
        body = {"query": question, "base_ids": [base_id], "top_k": 9}
        found[question] = api.http.post("/api/search", json=body).json()["passages"]
    talks = api.http.get("/api/conversations").json()["items"]
    details = [api.http.get(f"/api/conversations/{talk['id']}").json() for talk in talks]
    cited = {c["document_id"] for d in details for m in d["messages"] for c in m["citations"]}
    sources = {id_: api.http.get(f"/api/documents/{id_}/text").json() for id_ in sorted(cited)}
    files = {id_: api.http.get(f"/api/documents/{id_}/file").content for id_ in sorted(cited)}
    return {"search": found, "conversations": details, "sources": sources, "files": files}


def test_a_restored_backup_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    with running_api(tmp_path / "data", model=model()) as api:
        base_id = api.ingest("手册", DOCUMENTS)
        for question in QUESTIONS:
            ask(api.http, question, base_id)
        api.ingest("手册", {"手册.md": "# 假期\n\n年假为每年二十天，须提前两周申请。\n"})
        before = what_it_says(api, base_id)

        for name in ("datasets/sft-1.jsonl", "adapters/lora-1/adapter.gguf"):
            (tmp_path / "data" / name).parent.mkdir(parents=True)
            (tmp_path / "data" / name).write_text(name)

        manifest = backup(tmp_path / "data", api.application.files, file)

        assert manifest.documents == manifest.files == len(DOCUMENTS) + 1
        api.ingest("手册", {"later.txt": "This came after the backup."})

    assert restore(file, tmp_path / "restored") == manifest
    for name in ("datasets/sft-1.jsonl", "adapters/lora-1/adapter.gguf"):
        assert (tmp_path / "restored" / name).read_text() == name
    with running_api(tmp_path / "restored", model=model()) as api:
        after = what_it_says(api, base_id)
        assert api.http.get("/api/check").json()["now"] == []
    conversations = json.dumps(before["conversations"])
    assert conversations.count('"marker"') >= len(QUESTIONS), "nothing was cited"
    assert after == before


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    with running_api(tmp_path / "data", model=model()) as api:
        api.ingest("手册", DOCUMENTS)
        backup(tmp_path / "data", api.application.files, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def test_a_backup_is_restored_into_an_empty_folder_only(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="not empty"):
        restore(saved, tmp_path / "data")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_damaged_backup_leaves_nothing(saved: Path, tmp_path: Path, share: float) -> None:
    data = bytearray(saved.read_bytes())
    data[int(len(data) * share)] ^= 0xFF
    del data[-20_000:]
    saved.write_bytes(data)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackupError):
        restore(saved, tmp_path / "restored")
    assert sorted(tmp_path.iterdir()) == before


def test_a_backup_that_leads_out_of_its_folder_is_refused(saved: Path, tmp_path: Path) -> None:
    with tarfile.open(saved, "a") as archive:
        info = tarfile.TarInfo("../escaped.txt")
        archive.addfile(info)
    with pytest.raises(BackupError):
        restore(saved, tmp_path / "deep" / "restored")
    assert not (tmp_path / "deep" / "escaped.txt").exists()


def test_a_backup_without_a_database_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no database"):
        backup(tmp_path, LocalFiles(tmp_path / "files"), tmp_path / "backup.tar")


def test_an_original_that_is_gone_is_no_reason_to_have_no_backup(
    saved: Path, tmp_path: Path
) -> None:
    with running_api(tmp_path / "data", model=model()) as api, api.application.db.read() as session:
        first = session.exec(select(StoredDocument.sha256)).first()
        api.application.files.path(first or "").unlink()
        assert backup(tmp_path / "data", api.application.files, saved).files == len(DOCUMENTS) - 1
