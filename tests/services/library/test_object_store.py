"""Machines that share a database and an object store, and no folder."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.db.engine import Database
from app.db.errors import FilesTaken, FilesUnavailable
from app.db.object_files import ObjectFiles
from app.services.operations.backup import backup, restore
from app.services.operations.reconcile import Reconciliation
from app.services.people.access import LOCAL_OWNER as ME
from app.worker.reader import given_back
from tests.application import RunningApi, drain, running_api
from tests.ingest.files import pdf_file
from tests.object_store import address_store, overwrite
from tests.postgres import fresh_database
from tests.services.conftest import HANDBOOK, MANUAL, WORKER, Application
from tests.sqlite import migrated_file

PDF = pdf_file([[("设备管理规定", 20), ("货梯每周检查一次。", 12)]])
TWO_HOURS_S = 7200


@pytest.fixture
def machines(
    tmp_path: Path, postgres_server: str, files_url: str
) -> Iterator[tuple[RunningApi, RunningApi]]:
    with (
        fresh_database(postgres_server) as url,
        running_api(tmp_path / "one", database_url=url, files_url=files_url) as one,
        running_api(tmp_path / "two", database_url=url, files_url=files_url) as two,
    ):
        yield one, two


def test_sent_to_one_machine_read_on_another(
    machines: tuple[RunningApi, RunningApi], tmp_path: Path
) -> None:
    one, two = machines
    base_id = one.http.post("/api/bases", json={"name": "手册"}).json()["id"]
    sent = {"手册.md": HANDBOOK.encode(), "gateway.md": MANUAL.encode(), "pages.pdf": PDF}
    ids = {}
    for name, data in sent.items():
        answer = one.http.post(f"/api/bases/{base_id}/documents", files={"file": (name, data)})
        assert answer.status_code < 300, answer.text
        ids[name] = answer.json()["id"]
    drain(two.application)
    found = two.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    assert {each["name"]: each["state"] for each in found} == dict.fromkeys(sent, "ready")
    for machine in machines:
        for name, data in sent.items():
            address = f"/api/documents/{ids[name]}/file"
            assert machine.http.get(address).content == data
            part = machine.http.get(address, headers={"Range": "bytes=2-5"})
            assert (part.status_code, part.content) == (206, data[2:6])
        picture = machine.http.get(f"/api/documents/{ids['pages.pdf']}/pages/1")
        assert picture.headers["content-type"] == "image/webp"
        assert machine.http.get("/api/check").json()["now"] == []
    assert not (tmp_path / "one" / "files").exists()

    one.http.delete(f"/api/bases/{base_id}").raise_for_status()
    one.application.documents.purge.run(1000)
    assert list(two.application.files.sums()) == []


def test_what_becomes_of_lost_and_damaged_objects(
    machines: tuple[RunningApi, RunningApi], files_url: str
) -> None:
    one, two = machines
    base_id = one.ingest("手册", {"手册.md": HANDBOOK, "gateway.md": MANUAL})
    documents = one.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    lost, damaged = sorted(documents, key=lambda each: each["name"], reverse=True)
    one.application.files.delete(lost["sha256"])
    overwrite(files_url, f"{damaged['sha256'][:2]}/{damaged['sha256']}", b"something else")
    for document in (lost, damaged):
        answer = two.http.get(f"/api/documents/{document['id']}/file")
        assert (answer.status_code, answer.json()["code"]) == (410, "file_missing")
    (finding,) = two.http.get("/api/check").json()["now"]
    assert finding["what"] == "files"
    assert lost["name"] in finding["detail"]


@pytest.fixture
def stored(application: Application, files_url: str) -> Application:
    return replace(application, files=ObjectFiles(files_url, application.folder / "copies"))


def test_an_upload_that_died_before_its_document_is_cleared_away(
    stored: Application, files_url: str
) -> None:
    with stored.files.writer(1 << 20) as upload:
        upload.write(b"its process ended here")
        orphan = upload.commit().sha256
    stored.add(stored.base(), "手册.md", HANDBOOK)
    Reconciliation(stored.db, stored.files, stored.indexes()).drop_orphans()
    assert orphan in set(stored.files.sums()), "its upload may still be running"
    later = ObjectFiles(files_url, stored.folder / "later", now=lambda: time.time() + TWO_HOURS_S)
    Reconciliation(stored.db, later, stored.indexes()).drop_orphans()
    assert len(list(stored.files.sums())) == 1
    assert not stored.files.has(orphan)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a store on a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address_store(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}")
        yield "s3://zhiwen-nowhere"


def test_a_job_waits_while_the_store_is_away(stored: Application, nowhere: str) -> None:
    document_id = stored.add(stored.base(), "手册.md", HANDBOOK)
    away = replace(stored, files=ObjectFiles(nowhere, stored.folder / "away", patience_s=0.5))
    claim = away.jobs.claim(WORKER)
    assert claim is not None
    with pytest.raises(FilesUnavailable):
        away.ingestion.run(claim, WORKER)
    assert given_back(away.jobs, WORKER)
    again = stored.jobs.claim(WORKER)
    assert again is not None
    assert again.attempt == claim.attempt, "it is not the file's fault"
    stored.ingestion.run(again, WORKER)
    assert stored.state(document_id) == "ready"


def test_a_lost_object_fails_its_document_only(stored: Application) -> None:
    base_id = stored.base()
    lost, kept = stored.add(base_id, "手册.md", HANDBOOK), stored.add(base_id, "m.md", MANUAL)
    stored.files.delete(stored.documents.get(ME, lost).document.sha256)
    stored.drain()
    assert (stored.state(lost), stored.state(kept)) == ("failed", "ready")
    assert stored.documents.get(ME, lost).document.error_code == "storage"


def test_what_can_wait_waits_while_the_store_is_away(stored: Application, nowhere: str) -> None:
    base_id = stored.base()
    document_id = stored.add(base_id, "手册.md", HANDBOOK)
    stored.drain()
    away = replace(stored, files=ObjectFiles(nowhere, stored.folder / "away", patience_s=0.5))
    (finding,) = Reconciliation(away.db, away.files, away.indexes()).findings(repair=True)
    assert (finding.what, finding.repaired) == ("files", False)
    assert "not available" in finding.detail
    away.documents.delete(ME, document_id)
    assert len(list(stored.files.sums())) == 1, "found later as a file of no document"


def test_one_prefix_is_for_one_installation(
    stored: Application, files_url: str, tmp_path: Path
) -> None:
    """Each would remove the files of the other: no document of its database has them."""
    stored.add(stored.base(), "手册.md", HANDBOOK)
    for _ in range(2):
        Reconciliation(stored.db, stored.files, stored.indexes()).start()
    other = Database(f"sqlite:///{migrated_file(tmp_path / 'other' / 'zhiwen.db')}")
    reconciliation = Reconciliation(other, stored.files, stored.indexes())
    with pytest.raises(FilesTaken, match="another installation"):
        reconciliation.start()
    findings = reconciliation.findings(repair=True)
    assert [(each.what, each.repaired) for each in findings] == [("files", False)]
    assert len(list(stored.files.sums())) == 1
    overwrite(files_url, "owner", b"")
    with pytest.raises(FilesTaken):
        Reconciliation(stored.db, stored.files, stored.indexes()).start()
    other.dispose()


def test_the_service_says_that_the_store_is_away(tmp_path: Path, nowhere: str) -> None:
    with running_api(tmp_path / "data", files_url=nowhere) as api:
        base_id = api.http.post("/api/bases", json={"name": "手册"}).json()["id"]
        answer = api.http.post(
            f"/api/bases/{base_id}/documents", files={"file": ("手册.md", HANDBOOK.encode())}
        )
        assert (answer.status_code, answer.json()["code"]) == (503, "files_unavailable")
        assert api.http.get(f"/api/bases/{base_id}/documents").json()["total"] == 0


def test_a_backup_has_the_originals_of_the_store(tmp_path: Path, files_url: str) -> None:
    with running_api(tmp_path / "data", files_url=files_url) as api:
        api.ingest("手册", {"手册.md": HANDBOOK, "gateway.md": MANUAL})
        other_machine = ObjectFiles(files_url, tmp_path / "data" / "other-copies")
        manifest = backup(tmp_path / "data", other_machine, tmp_path / "backup.tar")
    assert manifest.files == 2
    assert restore(tmp_path / "backup.tar", tmp_path / "restored") == manifest
    with running_api(tmp_path / "restored") as api:
        assert api.http.get("/api/check").json()["now"] == []


def test_who_keeps_files_in_a_folder_does_not_load_the_library(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "import app.wiring.application, app.worker.watch; from app.db.files import open_files;"
        "open_files(Path(sys.argv[1]));"
        "print([name for name in sys.modules if name.startswith('obstore')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
