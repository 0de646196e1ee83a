"""Reading quality by format: `python -m evals.quality.formats FOLDER`.

The folder contains `docs_formats/expectations.jsonl` with a row per file: `must_contain` (strings
of its text), `must_keep_together` (cells of one table row, which must be in one line of one chunk)
and `expect_error`. White space is ignored.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ingest.embedding.hashing import HashingEmbedder
from ingest.errors import IngestError
from ingest.pipeline import read
from ingest.sandbox.sandbox import Sandbox
from ingest.types import Chunk, Document

TARGET = 45
_SET = "docs_formats"
_CLEAR = {"empty", "encrypted", "no_text", "too_large", "archive_bomb"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`problem` is empty if the file is correct; `note` is the expected error, if any."""

    file: str
    format: str
    took_s: float
    chunk_count: int
    problem: str
    note: str = ""


def judge(row: Mapping[str, Any], document: Document, chunks: Sequence[Chunk]) -> str:
    """The problem with a file that was read; empty if it is correct."""
    if row["expect_error"]:
        return "was read but should have been rejected"
    found = _bare(document.text)
    missing = [want for want in row["must_contain"] if _bare(want) not in found]
    if missing:
        return f"lacks {missing[0]!r}"
    lines = [_bare(line) for chunk in chunks for line in chunk.text.split("\n")]
    for cells in row["must_keep_together"]:
        if not any(all(_bare(cell) in line for cell in cells) for line in lines):
            return f"tore {' | '.join(cells)}"
    return ""


def check(row: Mapping[str, Any], folder: Path, sandbox: Sandbox) -> Outcome:
    path = folder / row["file"]
    began = time.perf_counter()
    problem, note = "", ""
    chunks: list[Chunk] = []
    try:
        count = HashingEmbedder().token_counts
        document, chunks = read(path.read_bytes(), path.name, count, parse=sandbox.parse)
        problem = judge(row, document, chunks)
    except IngestError as error:
        note = str(error)
        refused = row["expect_error"] or not path.stat().st_size
        problem = "" if refused and error.code in _CLEAR else f"{error.code}: {error}"
    took_s = time.perf_counter() - began
    return Outcome(row["file"], row["format"], took_s, len(chunks), problem, note)


def main(
    folder: Annotated[Path, typer.Argument(help="Folder with docs_formats/expectations.jsonl.")],
    target: Annotated[int, typer.Option(help="Required number of correct files.")] = TARGET,
) -> None:
    """Read every file as the worker does; exit code 1 below the target."""
    console = Console()
    expectations = folder / _SET / "expectations.jsonl"
    if not expectations.exists():
        console.print(f"skipped: no {expectations}")
        return
    rows = [json.loads(line) for line in expectations.read_text("utf-8").splitlines() if line]
    with Sandbox() as sandbox:
        outcomes = [check(row, expectations.parent, sandbox) for row in rows]
    console.print(_table(outcomes))
    right = sum(not outcome.problem for outcome in outcomes)
    console.print(f"{right} of {len(outcomes)} right; target {target}", highlight=False)
    for outcome in outcomes:
        if outcome.problem:
            console.print(f"[red]✗[/red] {outcome.file}: {outcome.problem}", highlight=False)
    if right < target:
        raise typer.Exit(1)


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("file", "format", "chunks", "seconds", "", "error")
    for one in outcomes:
        mark = "[red]✗[/red]" if one.problem else "[green]✓[/green]"
        name = one.file.removeprefix("files/")
        table.add_row(
            name, one.format, str(one.chunk_count), f"{one.took_s:.2f}", mark, one.note[:70]
        )
    return table


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


if __name__ == "__main__":
    typer.run(main)
