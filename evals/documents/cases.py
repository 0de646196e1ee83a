"""Questions that go wrong easily, through the service: `python -m evals.documents.cases FOLDER`.

The folder contains `questions.jsonl`: a row per question with the files of its base and what is
right (`case_rules.py`). Each question is asked as a client asks it, so that its answer is stored,
and read from there.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.config import Settings
from app.db.tables import StoredMessage
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import Zhiwen
from app.wiring.engines import build_chat_model
from app.wiring.models import model_store
from evals.documents.case_rules import Case, Said, problem
from evals.progress import Progress
from evals.quality.engine import engine
from evals.questions.bases import OpenBases, open_bases, settings_with
from evals.questions.sets import read_rows
from evals.speed.processes import free_ports

FLOOR = 0.85  # of all questions
PLACES_FLOOR = 0.95  # of those for a cell of a table, or with a place to cite
# As in the catalogue: beside busy processes the engine is slow, and its prompts would be shorter.
_FIXED: dict[str, Any] = {"max_prompt_tokens": 650, "temperature": 0.0}
_FIELDS = ("id", "files", "question", "must_contain", "must_not_contain", "expect_refusal")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`problem` is empty if the answer is right."""

    case: Case
    said: Said
    problem: str

    @property
    def right(self) -> bool:
        return not self.problem


def load(folder: Path) -> list[Case]:
    """Raises NoData, BadData."""
    return [Case.of(row) for row in read_rows(folder / "questions.jsonl", *_FIELDS)]


def contents(folder: Path, cases: Iterable[Case]) -> dict[str, dict[str, bytes]]:
    """A base for each set of files."""
    sets = dict.fromkeys(case.files for case in cases)
    return {
        _base_name(files): {Path(file).name: (folder / file).read_bytes() for file in files}
        for files in sets
    }


async def ask_all(opened: OpenBases, cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """The engine must be running."""
    outcomes: list[Outcome] = []
    with progress.task("questions answered", len(cases)) as advance:
        for case in cases:
            said = await _ask(opened.zhiwen, case, opened.bases[_base_name(case.files)].id)
            outcomes.append(Outcome(case, said, problem(case, said)))
            advance()
    return outcomes


async def _ask(zhiwen: Zhiwen, case: Case, base_id: str) -> Said:
    conversation_id = None
    if case.after:
        conversation_id = (await _stored(zhiwen, case.after, base_id, None)).conversation_id
    answer = await _stored(zhiwen, case.question, base_id, conversation_id)
    return Said(
        answer.content,
        answer.finish_reason or "",
        tuple(citation["text"] for citation in answer.citations),
        tuple(passage["text"] for passage in answer.passages),
    )


async def _stored(
    zhiwen: Zhiwen, question: str, base_id: str, conversation_id: str | None
) -> StoredMessage:
    asked = zhiwen.ask.ask(ME, question, [base_id], conversation_id, fresh=True)
    generation = zhiwen.ask.start(asked)
    if generation.task is not None:
        await generation.task
    return generation.message


def _base_name(files: Sequence[str]) -> str:
    return " ".join(Path(file).stem for file in files)[:120]


def main(
    folder: Annotated[Path, typer.Argument(help="Folder with questions.jsonl and its files.")],
    only: Annotated[str, typer.Option(help="Only ids that begin so.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSON to write.")] = None,
    floors: Annotated[bool, typer.Option(help="Exit with code 1 below a floor.")] = True,
) -> None:
    """Ask all questions."""
    console = Console()
    if not (folder / "questions.jsonl").exists():
        console.print(f"skipped: no {folder / 'questions.jsonl'}")
        return
    given = Settings()
    (port,) = free_ports(1)
    fixed = {name: n for name, n in _FIXED.items() if name not in given.model_fields_set}
    settings = settings_with(given, fixed, {"engine_port": port})
    cases = [case for case in load(folder) if case.id.startswith(only)]
    progress = Progress(Console(stderr=True))
    model = build_chat_model(settings, model_store(settings))
    place = given.data_dir / "evals"
    files = contents(folder, cases)
    with open_bases(files, settings, place, progress, model=model) as opened, engine(settings):
        outcomes = asyncio.run(ask_all(opened, cases, progress))
    console.print(_by_kind(outcomes))
    for outcome in outcomes:
        if outcome.problem:
            said = outcome.said.text.replace("\n", " ")[:160]
            line = f"{outcome.case.id}: {outcome.problem}. {outcome.case.question} → {said}"
            console.print(f"[red]✗[/red] {escape(line)}", highlight=False, soft_wrap=True)
    shares = _share(outcomes), _share([o for o in outcomes if o.case.about_a_place])
    console.print(
        f"right: {shares[0]:.1%} of {len(outcomes)}, floor {FLOOR:.0%}; of tables and places "
        f"{shares[1]:.1%}, floor {PLACES_FLOOR:.0%}",
        highlight=False,
    )
    _write(outcomes, output or place / "cases.json")
    if floors and (shares[0] < FLOOR or shares[1] < PLACES_FLOOR):
        raise typer.Exit(1)


def _share(outcomes: Sequence[Outcome]) -> float:
    return sum(outcome.right for outcome in outcomes) / len(outcomes) if outcomes else 1.0


def _by_kind(outcomes: Sequence[Outcome]) -> Table:
    table = Table("kind", "right", "of", "wrong")
    for kind in dict.fromkeys(outcome.case.kind for outcome in outcomes):
        of_kind = [outcome for outcome in outcomes if outcome.case.kind == kind]
        wrong = [outcome.case.id for outcome in of_kind if not outcome.right]
        table.add_row(
            kind, str(len(of_kind) - len(wrong)), str(len(of_kind)), escape(", ".join(wrong))
        )
    return table


def _write(outcomes: Sequence[Outcome], path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"kind": outcome.case.kind, "right": outcome.right, **asdict(outcome)}
        for outcome in outcomes
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
