"""`zhiwen dataset`: data sets for training."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CliError
from app.cli.output.console import say

if TYPE_CHECKING:
    from app.db.tables import StoredDataSet
    from app.services.improvement.datasets import DataSets

app = typer.Typer(
    name="dataset",
    help="Data sets of rated answers, for training: build, list, show, diff. They are used on the "
    "machine that has the database.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_SHOWN = 20  # questions of a difference


class Method(StrEnum):
    """The values of `app.tuning.dataset.Method`, copied so that commands start quickly."""

    SFT = "sft"
    DPO = "dpo"
    KTO = "kto"


@app.command()
def build(
    method: Annotated[
        Method,
        typer.Option(help="sft: right answers; dpo: right and wrong ones; kto: single ratings."),
    ] = Method.SFT,
    style: Annotated[
        str, typer.Option(help="Style of the prompts; that of the served model when empty.")
    ] = "",
    kb: Annotated[list[str] | None, typer.Option("--kb", help="Only these bases.")] = None,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Also what `zhiwen dataset questions` made.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build a data set from what is rated and approved now."""
    from app.config import Settings
    from app.services.people.access import SHELL_OWNER
    from app.wiring.improvement import base_ids, build_datasets, served_style

    settings = Settings()
    with plain_errors():
        found = build_datasets(settings).build(
            SHELL_OWNER,
            method.value,
            style or served_style(settings),
            base_ids(settings, kb or []),
            synthetic=synthetic,
        )
    _show(found, as_json=as_json)


@app.command()
def questions(
    kb: Annotated[str, typer.Option("--kb", help="The base.")],
    count: Annotated[int, typer.Option(min=1, help="Sections that are asked about.")] = 50,
) -> None:
    """Have the running model make questions from documents, for a base without ratings.

    A question is kept if search finds its section and the section states the answer. Check a
    sample: zhiwen dataset check.
    """
    import asyncio

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from app.config import Settings
    from app.services.improvement.synthetic.making import LEFT_OUT
    from app.wiring.improvement import base_ids
    from app.wiring.synthetic import make_questions

    settings = Settings()
    columns = (TextColumn("sections read"), BarColumn(), MofNCompleteColumn())
    with plain_errors():
        (base_id,) = base_ids(settings, [kb])
        with Progress(*columns, console=Console(stderr=True)) as bars:
            task = bars.add_task("questions", total=None)
            made = asyncio.run(
                make_questions(
                    settings,
                    base_id,
                    count,
                    lambda done, of: bars.update(task, completed=done, total=of),
                )
            )
    for each in made.kept:
        say(f"{each.question} {each.answer}")
    say(f"kept {len(made.kept)}")
    for reason, number in sorted(made.left_out.items()):
        say(f"  left out {number}: {LEFT_OUT[reason]}")


@app.command()
def check(
    kb: Annotated[str, typer.Option("--kb", help="The base.")],
    sample: Annotated[int, typer.Option(min=1, help="How many.")] = 10,
) -> None:
    """Check a sample of the questions that a model made; wrong ones are not trained on."""
    from app.config import Settings
    from app.services.improvement.synthetic.kept import SyntheticQuestions
    from app.services.people.access import SHELL_OWNER
    from app.wiring.improvement import base_ids

    settings = Settings()
    kept = SyntheticQuestions(_datasets().db)
    with plain_errors():
        (base_id,) = base_ids(settings, [kb])
        for each in kept.sample(SHELL_OWNER, base_id, sample):
            say(f"{each.document_name}: {each.question}\n  {each.answer}")
            right = typer.confirm("Is that right?")
            kept.check(SHELL_OWNER, each.id, "right" if right else "wrong")
    counts = kept.counts(base_id)
    say(f"{counts.made} made; checked: {counts.right} right, {counts.wrong} wrong")


@app.command("list")
def list_datasets(as_json: JsonOption = False) -> None:
    """List data sets, newest first."""
    from app.services.people.access import SHELL_OWNER

    found = _datasets().all(SHELL_OWNER)
    if as_json:
        typer.echo(json.dumps([_card(each) for each in found], ensure_ascii=False, indent=2))
        return
    for each in found:
        rows = each.card["rows"]
        say(
            f"{each.name}  {each.created_at:%Y-%m-%d %H:%M}  {each.style}  "
            f"{rows['train']} rows to train, {rows['held_out']} held out"
        )


@app.command()
def show(name: str, as_json: JsonOption = False) -> None:
    """Show what is in a data set, where it comes from, and why answers were left out."""
    from app.services.people.access import SHELL_OWNER

    with plain_errors():
        found = _datasets().get(SHELL_OWNER, name)
    _show(found, as_json=as_json)


@app.command()
def diff(before: str, after: str) -> None:
    """Compare two data sets row by row."""
    from app.services.people.access import SHELL_OWNER

    with plain_errors():
        found = _datasets().compare(SHELL_OWNER, before, after)
    for sign, questions in (("+", found.added), ("-", found.removed), ("~", found.moved)):
        for question in questions[:_SHOWN]:
            say(f"{sign} {question}")
        if len(questions) > _SHOWN:
            say(f"{sign} … {len(questions) - _SHOWN} more")
    say(f"{len(found.added)} added, {len(found.removed)} removed, {len(found.moved)} moved")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Errors of the services as plain lines."""
    from app.services.errors import ServiceError

    try:
        yield
    except ServiceError as error:
        raise CliError(str(error)) from error


def _datasets() -> "DataSets":
    from app.config import Settings
    from app.wiring.improvement import build_datasets

    return build_datasets(Settings())


def _card(found: "StoredDataSet") -> dict[str, object]:
    return {"name": found.name, "created_at": found.created_at.isoformat(), **found.card}


def _show(found: "StoredDataSet", *, as_json: bool) -> None:
    from app.tuning.words import reason

    if as_json:
        typer.echo(json.dumps(_card(found), ensure_ascii=False, indent=2))
        return
    card = found.card
    say(f"{found.name}: {card['rows']['train']} rows to train, {card['rows']['held_out']} held out")
    documents = card["documents"]
    say(f"  documents: {documents['train']} to train, {documents['held_out']} held out")
    say("  from: " + ", ".join(f"{n} {origin}" for origin, n in card["origins"].items()))
    say(f"  prompts: style {card['style']}, answers by {', '.join(card['models']) or 'nobody'}")
    for code, count in card["left_out"].items():
        say(f"  left out {count}: {reason(code)}")
