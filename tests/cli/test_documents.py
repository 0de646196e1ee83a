"""`zhiwen ingest`, `zhiwen search`."""

import json
import sys
from pathlib import Path

import pytest

from tests.application import RunningApi
from tests.cli.shell import Shell

HANDBOOK = "# 员工手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。\n"

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two documents, and what a folder holds besides."""
    folder = tmp_path / "papers"
    (folder / "deep" / ".git").mkdir(parents=True)
    (folder / "手册.md").write_text(HANDBOOK, "utf-8")
    (folder / "deep" / "gateway.TXT").write_text("The gateway draws 12 watts.", "utf-8")
    (folder / "photo.heic").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "deep" / ".git" / "notes.md").write_text("hidden", "utf-8")
    return folder


def test_a_folder_is_read_and_its_base_created(
    served: Shell, api: RunningApi, folder: Path
) -> None:
    ran = served("ingest", folder, "--kb", "公司")

    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "ready   gateway.TXT  (1 chunks)",
        "ready   手册.md  (1 chunks)",
    ]
    assert "skipped (unsupported format): 1\n" in ran.err
    assert "reading" in ran.err
    (base,) = api.http.get("/api/bases").json()
    assert (base["name"], base["ready_count"]) == ("公司", 2)


def test_the_same_again_changes_nothing(served: Shell, api: RunningApi, folder: Path) -> None:
    served("ingest", folder, "--kb", "公司")
    ran = served("ingest", folder, folder / "手册.md", "--kb", "公司", "--json")
    documents = json.loads(ran.out)["documents"]
    assert [d["state"] for d in documents] == ["ready", "ready"]
    assert ran.err == ""
    assert api.http.get("/api/bases").json()[0]["document_count"] == 2


def test_what_is_named_and_cannot_be_read_is_told_and_stops_nothing(
    served: Shell, folder: Path
) -> None:
    empty = folder / "empty.txt"
    empty.touch()
    broken = folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and then nothing")
    names = ("photo.heic", "empty.txt", "broken.pdf", "手册.md")

    ran = served("ingest", *(folder / name for name in names), "--kb", "公司", "--json")

    assert ran.code == 1
    documents = json.loads(ran.out)["documents"]
    assert [(d["name"], d["state"]) for d in documents] == [
        ("photo.heic", "failed"),
        ("empty.txt", "failed"),
        ("broken.pdf", "failed"),
        ("手册.md", "ready"),
    ]
    assert "jpg" in documents[0]["error_detail"]
    assert "empty" in documents[1]["error_detail"]
    assert documents[2]["error_detail"]
    assert documents[3]["chunk_count"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read")
def test_a_file_that_the_system_cannot_read_is_told(served: Shell, folder: Path) -> None:
    (folder / "broken.txt").symlink_to("/proc/self/mem")
    ran = served("ingest", folder / "broken.txt", folder / "手册.md", "--kb", "公司")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "failed  broken.txt: The file cannot be read: Input/output error.",
        "ready   手册.md  (1 chunks)",
    ]


def test_nothing_to_read_is_an_error(served: Shell, folder: Path) -> None:
    missing = served("ingest", folder / "nothing.md", "--kb", "公司")
    assert (missing.code, missing.out) == (1, "")
    assert "There is no file" in missing.err
    none = served("ingest", folder / "deep" / ".git", "--kb", "公司")
    assert none.code == 0  # a folder that is named is read, whatever it is called
    (folder / "empty").mkdir()
    ran = served("ingest", folder / "empty", "--kb", "公司")
    assert ran.code == 1
    assert "No readable files found. Formats:" in ran.err


def test_search_shows_passages_as_they_are(served: Shell, folder: Path) -> None:
    name = "[bold]tricky[red] :smile: [1].md"
    text = "The value [red]x[/red] of the gateway is :fire: 12 [link=a]watts[/].\x1b[2J"
    (folder / name).write_text(text, "utf-8")
    served("ingest", folder / name, "--kb", "公司")

    ran = served("search", "gateway watts", "--kb", "公司")

    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"1. {name}  0.")
    assert "The value [red]x[/red] of the gateway is :fire: 12 [link=a]watts[/]." in ran.out
    assert "\x1b" not in ran.out
    found = json.loads(served("search", "gateway watts", "--json").out)
    assert found["passages"][0]["document_name"] == name


def test_search_that_finds_nothing_says_so(served: Shell, api: RunningApi) -> None:
    api.ingest("空", {})
    assert served("search", "watts").out == "Nothing found.\n"
