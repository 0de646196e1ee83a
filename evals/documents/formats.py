"""Reading quality by format: `python -m evals.documents.formats FOLDER`.

The folder contains sets, each with an `expectations.jsonl`: a row per file with what must come out
of it (`format_rules.py`). `docs_formats` covers the formats, `cases` what is easily read wrong.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.documents.format_rules import judge
from ingest.embedding.hashing import HashingEmbedder
from ingest.errors import IngestError
from ingest.pipeline import read
from ingest.sandbox.sandbox import Sandbox
from ingest.types import Chunk

_CLEAR = {"empty", "encrypted", "no_text", "too_large", "archive_bomb"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`problem` is empty if the file is correct; `note` is the expected error, if any."""

    file: str
    format: str
    kind: str
    took_s: float
    chunk_count: int
    problem: str
    note: str = ""


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
    return Outcome(
        row["file"], row["format"], _kind(row["file"]), took_s, len(chunks), problem, note
    )


def _kind(file: str) -> str:
    """The folder that the file lies in."""
    return Path(file).parent.name


def main(
    folder: Annotated[Path, typer.Argument(help="Folder with docs_formats, cases, or both.")],
    target: Annotated[
        int, typer.Option(help="Required number of correct files of docs_formats.")
    ] = 45,
    target_cases: Annotated[int, typer.Option(help="The same of cases.")] = 0,
) -> None:
    """Read every file as the worker does; exit code 1 below a target."""
    console = Console()
    missed = False
    for name, least in (("docs_formats", target), ("cases", target_cases)):
        expectations = folder / name / "expectations.jsonl"
        if not expectations.exists():
            console.print(f"skipped: no {expectations}")
            continue
        rows = [json.loads(line) for line in expectations.read_text("utf-8").splitlines() if line]
        with Sandbox() as sandbox:
            outcomes = [check(row, expectations.parent, sandbox) for row in rows]
        console.print(_by_kind(outcomes) if name == "cases" else _table(outcomes))
        right = sum(not outcome.problem for outcome in outcomes)
        missed = missed or right < least
        console.print(f"{name}: {right} of {len(outcomes)} right; target {least}", highlight=False)
        for outcome in outcomes:
            if outcome.problem:
                said = f"[red]✗[/red] {outcome.file}: {escape(outcome.problem)}"
                console.print(said, highlight=False)
    if missed:
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


def _by_kind(outcomes: Sequence[Outcome]) -> Table:
    table = Table("kind", "right", "of", "seconds")
    for kind in sorted({one.kind for one in outcomes}):
        of_kind = [one for one in outcomes if one.kind == kind]
        right = sum(not one.problem for one in of_kind)
        took_s = sum(one.took_s for one in of_kind)
        table.add_row(kind, str(right), str(len(of_kind)), f"{took_s:.2f}")
    return table


if __name__ == "__main__":
    typer.run(main)
