"""`zhiwen eval`: run evals, compare runs, write reports."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from evals.runs import Run

app = typer.Typer(
    name="eval",
    help="Measure retrieval and answers on sets of questions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

DataOption = Annotated[Path, typer.Option(help="Folder with the sets.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="A setting for this run, as key=value.")
]


@app.command("list")
def list_evals() -> None:
    """What there is to run, and the newest run of each."""
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
    limit: Annotated[int, typer.Option(min=0, help="Questions of each sort; 0 = all.")] = 0,
    reuse: Annotated[bool, typer.Option("--reuse/--fresh", help="Bases of earlier runs.")] = True,
    every: Annotated[bool, typer.Option("--all", help="All evals but the smoke ones.")] = False,
    smoke: Annotated[bool, typer.Option(help="The quick ones that have floors.")] = False,
    label: Annotated[str, typer.Option(help="Kept with the run, to tell it from others.")] = "",
) -> None:
    """Run evals; exit code 1 where one misses a floor. Without the data it says so and ends."""
    from rich.console import Console

    from app.config import Settings
    from evals import catalogue, runs
    from evals.progress import Progress
    from evals.run import Runner

    console = Console()
    known = catalogue.load()
    chosen = list(names or [])
    chosen += [n for n, e in known.items() if (every and not e.smoke) or (smoke and e.smoke)]
    if not chosen:
        raise typer.BadParameter("name evals, or say --all or --smoke; `list` shows them")
    if not data.is_dir():
        console.print(f"skipped: there is no evaluation data at {data}", highlight=False)
        return
    given = Settings()
    runner = Runner(
        data, given, parse_changes(changes or []), limit, reuse, progress=Progress(console)
    )
    missed: list[str] = []
    for name in chosen:
        done = runner.run(name, catalogue.find(name))
        done.about = label or done.about
        path = runs.save(done, runs.runs_folder(given.data_dir))
        console.print(table_of(done))
        console.print(f"written to {path}", highlight=False, soft_wrap=True)
        if not limit:
            missed += [f"{name}: {metric}" for metric in done.missed_floors()]
    if missed:
        console.print("below the floor: " + ", ".join(missed), style="bold red", highlight=False)
        raise typer.Exit(1)


def parse_changes(given: Sequence[str]) -> dict[str, Any]:
    """`key=value` pairs; pydantic reads the values."""
    changes = {}
    for item in given:
        key, separator, value = item.partition("=")
        if not separator:
            raise typer.BadParameter(f"{item!r} is not key=value")
        changes[key.strip().lower().removeprefix("zhiwen_")] = value.strip()
    return changes


def table_of(run: "Run") -> "Table":
    """Its metrics; of retrieval a column a way."""
    from rich.table import Table

    from evals.retrieval import WAYS

    title = (
        f"{run.name}: {len(run.records)} questions, {run.documents} documents, "
        f"{run.chunks} chunks, {run.took_s:.0f} s"
    )
    if run.kind == "retrieval":
        ways = (*WAYS, "margin")
        table = Table("metric", *ways, "target", title=title, title_justify="left")
        names = list(dict.fromkeys(key.split(".", 1)[1] for key in run.metrics))
        for name in names:
            values = [f"{run.metrics[f'{way}.{name}']:.3f}" for way in ways]
            table.add_row(name, *values, verdict(run, f"fused.{name}"))
    else:
        table = Table("metric", "measured", "target", title=title, title_justify="left")
        for name, value in run.metrics.items():
            table.add_row(name, f"{value:.3f}", verdict(run, name))
    p95 = {name: value for name, value in run.timings.items() if name.endswith(".p95")}
    table.caption = "ms, p50/p95: " + ", ".join(
        f"{name[:-4]} {run.timings[f'{name[:-4]}.p50']:.1f}/{value:.1f}"
        for name, value in p95.items()
    )
    return table


def verdict(run: "Run", metric: str) -> str:
    """The bound of a metric and whether it holds."""
    for bounds, word in ((run.targets, ""), (run.floors, "floor ")):
        if metric in bounds and metric in run.metrics:
            bound = bounds[metric]
            met = "met" if bound.holds(run.metrics[metric]) else "missed"
            return f"{word}{bound} {met}"
    return ""


def main() -> None:
    """As a module: errors are plain lines on standard error and exit code 1."""
    from app.models.errors import ModelError
    from evals.errors import EvalError

    try:
        app()
    except (EvalError, ModelError) as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
