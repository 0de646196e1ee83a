"""Files made to do harm: each is refused with a reason, and the next file is read as ever."""

import io
import os
import signal
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import IngestError, ParseError, UnsupportedFormat
from ingest.parsers import parse
from ingest.sandbox.sandbox import Limits, Sandbox
from tests.ingest.files import encrypted, pdf_file, word_file
from tests.ingest.office_files import SALARIES, odt_file, xlsx_file, zip_file

LAUGHS = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">&b;</w:document>"""
SMALL = Limits(stall_s=20, total_s=60, memory_mib=1024, max_characters=200_000)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SMALL) as one:
        yield one


def refusal(data: bytes, name: str, sandbox: Sandbox) -> str:
    with pytest.raises(IngestError) as caught:
        sandbox.parse(data, name)
    assert name in str(caught.value) or caught.value.code in ("unsafe_xml", "archive_bomb")
    return caught.value.code


def replaced(package: bytes, member: str, content: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zip_file({**members, member: content.encode()})


def locked_zip() -> bytes:
    """As a packer with a password marks it: the flag is in both headers."""
    data = bytearray(zip_file({"a.txt": "secret"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def nested_zip(depth: int) -> bytes:
    data = zip_file({"a.txt": "words"})
    for number in range(depth):
        data = zip_file({f"{number}.zip": data})
    return data


def looping_pdf() -> bytes:
    """Its page tree has itself as a child."""
    return pdf_file([[("words", 12)]]).replace(b"/Kids[4 0 R]", b"/Kids[2 0 R]")


HOSTILE = {
    "ratio.zip": (lambda: zip_file({"a.txt": bytes(80 << 20)}), "archive_bomb"),
    "entries.zip": (lambda: zip_file({f"{n}.txt": b"" for n in range(5001)}), "archive_bomb"),
    "depth.zip": (lambda: nested_zip(6), "archive_bomb"),
    "ratio.docx": (
        lambda: replaced(word_file(), "word/media/a.bin", "\0" * (80 << 20)),
        "archive_bomb",
    ),
    "up.zip": (lambda: zip_file({"../../etc/passwd.txt": "x"}), "unsafe_names"),
    "root.zip": (lambda: zip_file({"/etc/passwd.txt": "x"}), "unsafe_names"),
    "drive.zip": (lambda: zip_file({"C:\\x.txt": "x"}), "unsafe_names"),
    "nameless.zip": (lambda: zip_file({"": "x"}), "unsafe_names"),
    "laughs.docx": (lambda: replaced(word_file(), "word/document.xml", LAUGHS), "unsafe_xml"),
    "laughs.xlsx": (
        lambda: replaced(xlsx_file({"S": SALARIES}), "xl/workbook.xml", LAUGHS),
        "unsafe_xml",
    ),
    "laughs.odt": (lambda: replaced(odt_file(), "content.xml", LAUGHS), "unsafe_xml"),
    "locked.zip": (locked_zip, "encrypted"),
    "locked.pdf": (lambda: encrypted(pdf_file([[("x", 9)]])), "encrypted"),
    "wide.csv": (lambda: b",".join([b"1"] * 1_000_000), "too_large"),
    "long.txt": (lambda: b"many words " * 30_000, "too_large"),
    "loop.pdf": (looping_pdf, ("broken", "no_text")),
    "deep.json": (lambda: b"[" * 200_000, "broken"),
    "half.docx": (lambda: word_file()[:9000], "broken"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_reason(name: str, sandbox: Sandbox) -> None:
    make, code = HOSTILE[name]
    assert refusal(make(), name, sandbox) in code
    assert sandbox.parse("还在。".encode(), "next.txt").text == "还在。"


def test_a_pdf_of_1600_pages_is_read(sandbox: Sandbox) -> None:
    words = ("Rent", "is", "due")
    pages = [
        [(text, 10) for text in (*words, f"Clause {number} applies.", *words)]
        for number in range(1, 1601)
    ]
    seen: list[tuple[int, int]] = []
    document = sandbox.parse(pdf_file(pages), "a.pdf", on_page=lambda *at: seen.append(at))
    assert len(document.pages) == 1600 and seen
    assert document.page_at(document.text.index("Clause 1234 ")) == 1234


def test_what_comes_out_is_what_the_parser_made(sandbox: Sandbox) -> None:
    data = zip_file({"薪.xlsx": xlsx_file({"薪资": SALARIES}), "a.docx": word_file()})
    assert sandbox.parse(data, "../资料.zip") == parse(data, "资料.zip")


def test_one_process_serves_many_files(sandbox: Sandbox) -> None:
    sandbox.parse(b"one", "a.txt")
    pid = sandbox.pid
    sandbox.parse(b"two", "b.txt")
    with pytest.raises(ParseError):
        sandbox.parse(b"", "c.txt")
    with pytest.raises(UnsupportedFormat):
        sandbox.parse(b"x", "c.exe")
    assert sandbox.pid == pid


def test_a_killed_process_fails_its_file_and_starts_again() -> None:
    rows = b"a,b\n" + b"1,2\n" * 3_000_000
    with Sandbox() as sandbox:
        sandbox.parse(b"one", "a.txt")
        pid = sandbox.pid
        assert pid is not None
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
        assert refusal(rows, "a.csv", sandbox) == "crashed"
        assert sandbox.parse(b"two", "b.txt").text == "two"
        assert sandbox.pid != pid


def test_a_file_that_takes_too_long_is_stopped() -> None:
    with Sandbox(Limits(stall_s=0.05, total_s=0.1)) as sandbox:
        rows = b"".join(b"%d,words and words\n" % number for number in range(600_000))
        assert refusal(rows, "a.csv", sandbox) == "timeout"


def test_a_file_that_takes_too_much_memory_is_stopped() -> None:
    with Sandbox(Limits(memory_mib=256)) as sandbox:
        rows = b"a,b,c,d\n" + b"1,2,3,4\n" * 4_000_000
        assert refusal(rows, "a.csv", sandbox) == "memory"
        assert sandbox.parse(b"two", "b.txt").text == "two"


def test_the_process_ends_when_the_sandbox_is_closed() -> None:
    sandbox = Sandbox()
    sandbox.parse(b"one", "a.txt")
    pid = sandbox.pid
    assert pid is not None
    sandbox.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_process_may_not_write_start_programs_or_use_the_network(tmp_path: Path) -> None:
    import subprocess
    import sys

    attempts = f"""
import socket, subprocess
from ingest.sandbox.process import confine
confine(1024)
for attempt in (
    lambda: open({str(tmp_path / "x")!r}, "w"),
    lambda: subprocess.run(["true"]),
    lambda: socket.socket().connect(("127.0.0.1", 9)),
):
    try:
        attempt()
    except PermissionError as error:
        print("refused")
"""
    found = subprocess.run(
        [sys.executable, "-c", attempts], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["refused"] * 3
    assert not (tmp_path / "x").exists()
