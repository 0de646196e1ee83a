"""A folder that is taken in again: only what changed is read and sent."""

import json
import threading
import time
from pathlib import Path

import pytest

from tests.application import RunningApi
from tests.cli.shell import Shell
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    (folder / "deep").mkdir(parents=True)
    (folder / "手册.md").write_text("# 手册\n\n年假为每年十五天。\n", "utf-8")
    (folder / "deep" / "手册.md").write_text("# 设备\n\n网关的功率为十二瓦。\n", "utf-8")
    time.sleep(0.15)  # so that their times are settled
    return folder


def taken_in(shell: Shell, *arguments: object) -> dict[str, object]:
    ran = shell("ingest", *arguments, "--kb", "公司", "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    return {"sent": len(said["documents"]) - said["unchanged"], **said}


def listed(api: RunningApi) -> list[tuple[str, int]]:
    (base,) = api.http.get("/api/bases").json()
    items = api.http.get(f"/api/bases/{base['id']}/documents").json()["items"]
    return sorted((item["path"], item["version"]) for item in items)


def test_only_what_changed_is_sent(served: Shell, api: RunningApi, folder: Path) -> None:
    assert taken_in(served, folder)["sent"] == 2
    assert taken_in(served, folder)["sent"] == 0
    (folder / "手册.md").write_text("# 手册\n\n年假为每年二十天。\n", "utf-8")
    assert taken_in(served, folder)["sent"] == 1
    assert listed(api) == [("papers/deep/手册.md", 1), ("papers/手册.md", 2)]
    (folder / "手册.md").touch()  # another time, the same bytes
    assert taken_in(served, folder)["sent"] == 0


def test_the_bytes_decide_where_nothing_was_noted(
    served: Shell, api: RunningApi, folder: Path, tmp_path: Path
) -> None:
    taken_in(served, folder)
    (notes,) = (tmp_path / "shell" / "sync").iterdir()
    for damage in (notes.unlink, lambda: notes.write_text("{no json")):
        damage()
        assert taken_in(served, folder)["sent"] == 0


def test_a_file_that_is_not_read_again_has_the_same_time_size_and_inode(
    served: Shell, api: RunningApi, folder: Path, tmp_path: Path
) -> None:
    """A note that lies about the bytes is believed: so the file itself was not read."""
    taken_in(served, folder)
    (notes,) = (tmp_path / "shell" / "sync").iterdir()
    seen = json.loads(notes.read_text("utf-8"))
    for note in seen.values():
        note[3] = "0" * 64
    notes.write_text(json.dumps(seen), "utf-8")
    assert taken_in(served, folder)["unchanged"] == 0


def test_documents_of_removed_files_go_only_when_asked(
    served: Shell, api: RunningApi, folder: Path
) -> None:
    taken_in(served, folder)
    (folder / "deep" / "手册.md").unlink()
    assert taken_in(served, folder)["removed"] == []
    assert len(listed(api)) == 2
    assert taken_in(served, folder, "--delete")["removed"] == ["papers/deep/手册.md"]
    assert listed(api) == [("papers/手册.md", 1)]


def test_a_file_that_was_only_moved_is_not_removed(
    served: Shell, api: RunningApi, folder: Path
) -> None:
    taken_in(served, folder)
    (folder / "deep" / "手册.md").rename(folder / "moved.md")
    said = taken_in(served, folder, "--delete")
    assert said["removed"] == []
    assert listed(api) == [("papers/moved.md", 1), ("papers/手册.md", 1)]
    (folder / "moved.md").unlink()
    assert taken_in(served, folder, "--delete")["removed"] == ["papers/moved.md"]
    assert listed(api) == [("papers/手册.md", 1)]


def test_a_watched_folder_is_followed(served: Shell, api: RunningApi, folder: Path) -> None:
    ended = threading.Event()

    def change() -> None:
        while not ended.wait(0.05) and len(listed_or_none(api)) < 2:
            pass
        (folder / "late.md").write_text("# 通知\n\n周五放假。\n", "utf-8")
        while not ended.wait(0.05) and len(listed_or_none(api)) < 3:
            pass
        (folder / "手册.md").unlink()
        while not ended.wait(0.05) and len(listed_or_none(api)) > 2:
            pass
        ended.set()

    def watch() -> None:
        from app.cli.client import ServiceClient
        from app.cli.ingestion.ingest import Sync, _sync_changes, files_in
        from app.cli.ingestion.sync import Notes

        client = ServiceClient(api.url)
        base_id = str(client.post("/api/bases", {"name": "公司"})["id"])
        notes = Notes.of(folder.parent / "notes", api.url, base_id)
        sync = Sync(client, base_id, notes, [folder], True, True, lambda: None)
        sync.run(files_in([folder])[0])
        while not ended.wait(0.05):
            _sync_changes(sync, [folder])

    watcher = threading.Thread(target=watch)
    changer = threading.Thread(target=change)
    watcher.start()
    changer.start()
    changer.join(PATIENCE_S)
    finished = ended.is_set()
    ended.set()
    watcher.join(PATIENCE_S)
    assert finished
    assert [path for path, _ in listed(api)] == ["papers/deep/手册.md", "papers/late.md"]


def listed_or_none(api: RunningApi) -> list[tuple[str, int]]:
    return listed(api) if api.http.get("/api/bases").json() else []
