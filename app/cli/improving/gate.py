"""`zhiwen gate`: what a change does to the answers to a base's own questions."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.errors import CliError
from app.cli.improving.dataset import JsonOption, plain_errors
from app.cli.output.console import say

if TYPE_CHECKING:
    from app.services.improvement.changes.compare import Changed, Comparison
    from app.services.improvement.changes.recordings import Recordings

app = typer.Typer(
    name="gate",
    help="What a change of version, model or settings does to the answers to a base's own "
    "questions. Used on the machine that has the database.",
)

_POLL_S = 0.5

BasesOption = Annotated[list[str] | None, typer.Option("--kb", help="Only these bases.")]


@app.callback(invoke_without_command=True)
def gate(
    context: typer.Context,
    kb: BasesOption = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Also show answers that changed without getting worse.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer the base's evaluation questions and the last hundred real ones as now, and compare
    with the accepted answers. A worker does it. Exit code 1 if an answer got worse, or nothing
    could be compared."""
    if context.invoked_subcommand is not None:
        return
    bases, recordings = _bases(kb), _recordings()
    found: list[tuple[str, Comparison | None]] = []
    for name, base_id in bases:
        _wait(recordings, recordings.start(base_id).id, name)
        found.append((name, recordings.compared(base_id)))
    if as_json:
        plain = [{"base": name, "compared": each and asdict(each)} for name, each in found]
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))
    else:
        for name, each in found:
            _show(name, each, show_all=show_all)
    if any(each is not None and each.worse for _, each in found):
        raise typer.Exit(1)
    if not any(each is not None and each.asked for _, each in found):
        raise CliError("Nothing could be compared, so whether answers got worse is not known.")


@app.command()
def accept(kb: BasesOption = None) -> None:
    """Accept the newest answers: later changes are compared with these."""
    from app.services.errors import Conflict, NotFound
    from app.services.people.access import SHELL

    recordings, done = _recordings(), False
    for name, base_id in _bases(kb):
        try:
            recordings.accept(SHELL, base_id)
        except (NotFound, Conflict) as error:
            if kb:
                raise CliError(str(error)) from error
            continue
        say(f"accepted the answers of {name}")
        done = True
    if not done:
        raise CliError("Nothing waits for acceptance. Measure first: zhiwen gate")


def _wait(recordings: "Recordings", job_id: str, name: str) -> None:
    """Until the worker has answered all questions."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from app.services.jobs.queue import Jobs
    from app.services.people.access import LOCAL_OWNER

    jobs = Jobs(recordings.db)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(name, total=None)
        while (job := jobs.get(LOCAL_OWNER, job_id)).state in ("queued", "running"):
            bars.update(task, completed=job.done, total=job.total or None)
            time.sleep(_POLL_S)
    if job.state != "done":
        raise CliError(f"The answers of {name} were not measured: {job.error_detail}")


def _show(name: str, found: "Comparison | None", *, show_all: bool) -> None:
    if found is None:
        say(f"{name}: nothing was accepted yet that this could be compared with")
        say("To accept these answers as the first: zhiwen gate accept")
        return
    if not found.asked:
        say(f"{name}: none of the accepted questions exist any more")
        say("To accept these answers instead: zhiwen gate accept")
        return
    for setting, (before, after) in found.settings.items():
        say(f"{name}: {setting} {_text(before)} → {_text(after)}")
    say(f"{name}: {len(found.changed)} of {found.asked} changed, {len(found.worse)} got worse")
    for each in found.changed if show_all else found.worse:
        _show_one(each)
    say("To accept: zhiwen gate accept")


def _show_one(each: "Changed") -> None:
    from app.services.improvement.changes.compare import WORDS

    say(f"\n{each.question}")
    for code in (*each.worse, *each.better):
        say(f"  {WORDS[code]}")
    if each.expected:
        say(f"  expected: {each.expected}")
    say(f"  before:   {each.before}")
    say(f"  now:      {each.after}")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bases(kb: list[str] | None) -> list[tuple[str, str]]:
    """Names and ids; all bases when none is named."""
    from app.config import Settings
    from app.services.library.bases import Bases
    from app.services.people.access import LOCAL_OWNER
    from app.wiring.improvement import base_ids

    settings = Settings()
    if kb:
        with plain_errors():
            return list(zip(kb, base_ids(settings, kb), strict=True))
    found = Bases(_recordings().db, "", 0).all(LOCAL_OWNER)
    return [(each.base.name, each.base.id) for each in found]


def _recordings() -> "Recordings":
    from app.config import Settings
    from app.wiring.changes import build_recordings

    return build_recordings(Settings())
