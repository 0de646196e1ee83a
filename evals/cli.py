"""`zhiwen eval`: run evals, compare runs, write reports."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.errors import error_lines

if TYPE_CHECKING:
    pass

app = typer.Typer(
    name="eval",
    help="Measure retrieval and answers on question sets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

DataOption = Annotated[Path, typer.Option(help="Folder with the question sets.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="A setting for this run, as key=value.")
]


@app.command("list")
def list_evals() -> None:
    """List the evals with their newest runs."""
    from rich.console import Console
    from rich.table import Table

    from app.config import Settings
    from evals import catalogue, runs

    folder = runs.runs_folder(Settings().data_dir)
    last = {runs.eval_name(path): path.stem for path in runs.list_runs(folder)}
    table = Table("eval", "kind", "set", "what", "newest run")
    for name, each in catalogue.load().items():
        table.add_row(name, each.kind, each.set, each.about, last.get(name, ""))
    Console().print(table)


@app.command()
def run(
    names: Annotated[list[str] | None, typer.Argument(help="Names of evals.")] = None,
    data: DataOption = Path("../shared/data"),
    changes: SetOption = None,
    limit: Annotated[int, typer.Option(min=0, help="Questions of each kind; 0 = all.")] = 0,
    reuse: Annotated[
        bool, typer.Option("--reuse/--fresh", help="Reuse already processed documents.")
    ] = True,
    every: Annotated[bool, typer.Option("--all", help="All evals except the smoke evals.")] = False,
    smoke: Annotated[bool, typer.Option(help="Only the quick evals with floors.")] = False,
    kind: Annotated[
        str, typer.Option(help="All evals of this kind: gate and support need no chat model.")
    ] = "",
    label: Annotated[str, typer.Option(help="Label stored with the run.")] = "",
) -> None:
    """Run evals; exit code 1 if one misses a floor. Evals without data are skipped.

    With --all the runs are also written as one HTML page.
    """
    from rich.console import Console

    from app.config import Settings
    from evals import catalogue, runs
    from evals.models import obtain_models
    from evals.progress import Progress
    from evals.quality.run import Runner
    from evals.questions.bases import settings_with
    from evals.reports import report, tables

    console = Console()
    known = catalogue.load()
    chosen = list(names or [])
    chosen += [n for n, e in known.items() if (every and not e.smoke) or (smoke and e.smoke)]
    chosen += [n for n, e in known.items() if kind and e.kind == kind]
    if not chosen:
        raise typer.BadParameter("name evals, or use --all or --smoke; see `list`")
    for name in chosen:
        catalogue.find(name)  # an unknown name lists the known ones
    if not data.is_dir():
        skipped = [name for name in chosen if not known[name].own]
        if skipped:
            message = f"skipped, no evaluation data at {data}: {', '.join(skipped)}"
            console.print(message, highlight=False)
        chosen = [name for name in chosen if name not in skipped]
    given = Settings()
    runner = Runner(
        data, given, parse_changes(changes or []), limit, reuse, progress=Progress(console)
    )
    missed: list[str] = []
    finished = []
    for name in chosen:
        settings = settings_with(given, dict(known[name].settings), runner.changes)
        obtain_models(settings, embedder_only=known[name].kind == "retrieval")
        done = runner.run(name, known[name])
        finished.append(done)
        done.about = label or done.about
        path = runs.save(done, runs.runs_folder(given.data_dir))
        console.print(tables.run_table(done))
        console.print(f"written to {path}", highlight=False, soft_wrap=True)
        if not limit:
            missed += [f"{name}: {metric}" for metric in done.missed_floors()]
    if every and finished:
        page = report.write(finished, runs.report_path(given.data_dir))
        console.print(f"report written to {page}", highlight=False, soft_wrap=True)
    if missed:
        console.print("below the floor: " + ", ".join(missed), style="bold red", highlight=False)
        raise typer.Exit(1)


def parse_changes(given: Sequence[str]) -> dict[str, Any]:
    """Parses `key=value` pairs; pydantic converts the values."""
    changes = {}
    for item in given:
        key, separator, value = item.partition("=")
        if not separator:
            raise typer.BadParameter(f"{item!r} is not of the form key=value")
        changes[key.strip().lower().removeprefix("zhiwen_")] = value.strip()
    return changes


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="File or label of a run, or name of an eval.")],
    after: Annotated[str, typer.Argument(help="Second run, on the same questions.")],
    by: Annotated[str, typer.Option(help="Metric that decides what is better.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two runs: differences with 95% intervals, and the questions that changed."""
    from rich.console import Console

    from app.config import Settings
    from evals import runs
    from evals.reports import compare as comparison
    from evals.reports import tables

    folder = runs.runs_folder(Settings().data_dir)
    found = comparison.compare(runs.find(before, folder), runs.find(after, folder), by)
    if as_json:
        typer.echo(found.to_json())
        return
    console = Console()
    console.print(tables.comparison_table(found))
    if found.better or found.worse:
        console.print(tables.changes_table(found))


@app.command("report")
def write_report(
    named: Annotated[
        list[str] | None, typer.Argument(help="Runs; by default the newest of each eval.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also rewrite the tables of this Markdown page.")
    ] = None,
) -> None:
    """Write one HTML page with tables and plots of runs."""
    from app.config import Settings
    from evals import runs
    from evals.reports import figures_page, report

    data_dir = Settings().data_dir
    folder = runs.runs_folder(data_dir)
    chosen = [runs.find(each, folder) for each in named or []] or runs.newest(folder)
    path = report.write(chosen, to or runs.report_path(data_dir))
    typer.echo(f"written to {path}")
    if page is not None:
        figures_page.rewrite(page, chosen)


@app.command()
def base(
    base: Annotated[str, typer.Argument(help="Id or name of a knowledge base.")],
    changes: SetOption = None,
    answers: Annotated[bool, typer.Option(help="Also generate answers.")] = False,
    to: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    folder: Annotated[
        Path | None, typer.Option(hidden=True, help="Where the worker that started it looks.")
    ] = None,
) -> None:
    """Evaluate a knowledge base with its own questions, without changing it."""
    from rich.console import Console

    from app.config import Settings
    from app.error_codes import leave_reason
    from evals import job, runs
    from evals.progress import Progress
    from evals.quality import regression
    from evals.reports import report, tables

    console = Console()
    given = Settings()
    progress = Progress(console)
    if folder is not None:
        job.end_with_worker()
        progress = job.FileProgress(console, path=folder / "progress.json")
    try:
        done = regression.run_base(
            base, given, parse_changes(changes or []), progress, answers=answers
        )
    except Exception as error:
        if folder is not None and error_lines(error) is not None:
            leave_reason(folder, error)
        raise
    if folder is not None:
        job.keep(done, folder)
        return
    path = to or runs.runs_folder(given.data_dir) / f"{done.label}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    report.write([done], path.with_suffix(".html"))
    path.write_text(done.model_dump_json(indent=1), encoding="utf-8")
    console.print(tables.run_table(done))
    console.print(f"written to {path}", highlight=False, soft_wrap=True)


def main() -> None:
    """Entry point as a module, with the same error output as `zhiwen`."""
    try:
        app()
    except Exception as error:  # unexpected: keep the traceback
        lines = error_lines(error)
        if lines is None:
            raise
        typer.echo("error: " + "\n".join(lines), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
