"""Word and PowerPoint from before 2007: through LibreOffice, or as what they really are."""

import hashlib
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import ParseError
from ingest.parsers import parse
from ingest.parsers.old_office import COMPOUND
from ingest.sandbox.office import PROGRAMS, is_old, modern
from ingest.sandbox.sandbox import Limits, Sandbox
from tests.ingest.files import word_file
from tests.ingest.office_files import RTF, SALARIES, pptx_file, xls_file
from tests.ingest.parsers.test_parsers import HTML

OLD = COMPOUND + bytes(600) + "WordDocument".encode("utf-16-le")
SLIDES = COMPOUND + bytes(600) + "PowerPoint Document".encode("utf-16-le")
INSTALLED = next(filter(None, map(shutil.which, PROGRAMS)), None)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(memory_mib=2048)) as one:
        yield one


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program in place of LibreOffice; `$out` is the file that it is to make."""
    path = folder / "bin" / "soffice"
    path.parent.mkdir()
    head = '#!/bin/sh\nwhile [ "$1" != --convert-to ]; do shift; done\nout="$4/file.$2"; in="$5"\n'
    path.write_text(f'{head}mkdir -p "$4"\n{script}\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("手册.doc", word_file(), "年假每年十天"),
        ("手册.wps", word_file(), "年假每年十天"),
        ("slides.ppt", pptx_file(), "slide 1"),
        ("letter.doc", RTF.encode() if isinstance(RTF, str) else RTF, ""),
        ("page.doc", HTML.encode(), ""),
    ],
)
def test_a_newer_file_under_an_old_name_is_read_as_what_it_is(
    name: str, data: bytes, words: str
) -> None:
    document = parse(data, name)
    places = [place.label for place in document.places]
    assert document.text and (words in document.text or words in places)
    assert document.name == name


def test_a_sheet_of_wps_is_read_like_the_xls_that_it_is() -> None:
    document = parse(xls_file({"薪资": SALARIES}), "薪资.et")
    assert document.text == parse(xls_file({"薪资": SALARIES}), "薪资.xls").text


def test_without_libreoffice_the_error_names_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ParseError, match="apt-get install libreoffice") as caught:
        sandbox.parse(OLD, "旧.doc")
    assert caught.value.code == "needs_libreoffice"
    with pytest.raises(ParseError) as caught:
        parse(SLIDES, "旧.ppt")
    assert caught.value.code == "needs_libreoffice"


def test_other_compound_files_are_no_documents(sandbox: Sandbox) -> None:
    for name in ("a.doc", "a.ppt"):
        with pytest.raises(ParseError) as caught:
            sandbox.parse(COMPOUND + os.urandom(5000), name)
        assert caught.value.code == "broken" and name in str(caught.value)


def test_what_libreoffice_makes_is_read(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "made.docx").write_bytes(word_file())
    program(tmp_path, monkeypatch, f'cp {tmp_path}/made.docx "$out"')
    document = sandbox.parse(OLD, "旧.doc")
    assert "年假每年十天" in document.text
    assert (document.name, document.id) == ("旧.doc", hashlib.sha256(OLD).hexdigest())


def test_it_gets_a_home_of_its_own_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of the service")
    program(
        tmp_path,
        monkeypatch,
        'env > "$out"; ls "$HOME/profile/user" >> "$out"; ulimit -c >> "$out"',
    )
    said = modern(OLD, "旧.doc", 1024).decode()
    assert "SECRET" not in said
    assert "registrymodifications.xcu" in said and said.rstrip().endswith("\n0")
    home = next(line for line in said.splitlines() if line.startswith("HOME=")).partition("=")[2]
    assert home != os.environ.get("HOME") and not Path(home).exists()


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, f"sleep 300 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(ParseError) as caught:
        modern(OLD, "旧.doc", 1024, timeout_s=2)
    assert caught.value.code == "timeout"
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 10
    while child.exists() and child.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_one_that_makes_nothing_means_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(ParseError) as caught:
        modern(OLD, "旧.doc", 1024)
    assert caught.value.code == "broken"


def test_only_the_binary_format_is_old() -> None:
    assert is_old(OLD, "a.DOC") and is_old(OLD, "a.dps")
    assert not is_old(word_file(), "a.doc") and not is_old(OLD, "a.xls")


PAGE = """<html><meta charset="utf-8"><h1>手册</h1><p>年假每年十天。</p><table border="1">
<tr><td>类别</td><td>天数</td></tr><tr><td rowspan="2">病假</td><td>12</td></tr>
<tr><td>15</td></tr></table></html>"""


def older(folder: Path, source: str, data: bytes, kind: str, *more: str) -> bytes:
    """The file as LibreOffice saves it in a format from before 2007."""
    assert INSTALLED is not None
    (folder / source).write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    made = [*more, "--convert-to", kind, "--outdir", str(folder), str(folder / source)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [INSTALLED, "--headless", profile, *made]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return (folder / f"file.{kind[:3]}").read_bytes()


@pytest.mark.skipif(INSTALLED is None, reason="LibreOffice is not installed")
def test_a_real_document_of_before_2007_is_read_with_its_tables(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    reader = "--infilter=HTML (StarWriter)"
    data = older(tmp_path, "file.html", PAGE.encode(), "doc:MS Word 97", reader)
    for name in ("手册.doc", "手册.wps"):
        assert is_old(data, name)
        document = sandbox.parse(data, name)
        assert "年假每年十天。" in document.text
        assert "| 病假 | 12 |\n| 病假 | 15 |" in document.text
        assert document.title == "手册"


@pytest.mark.skipif(INSTALLED is None, reason="LibreOffice is not installed")
def test_real_slides_of_before_2007_are_read(sandbox: Sandbox, tmp_path: Path) -> None:
    data = older(tmp_path, "file.pptx", pptx_file(), "ppt")
    newer = parse(pptx_file(), "a.pptx")
    document = sandbox.parse(data, "a.ppt")
    assert [place.label for place in document.places] == [place.label for place in newer.places]
    assert newer.title in document.text
