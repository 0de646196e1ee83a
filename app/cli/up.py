"""`zhiwen up` and `zhiwen doctor`."""

import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.client import ServiceClient
from app.cli.models import pull_tokenizer, pull_with_progress
from app.config import Settings
from app.supervisor import Supervisor, children
from app.wiring import chat_model_name, model_store

_START_TIMEOUT_S = 300.0
_NAMES = {"engine": "model engine", "api": "API", "worker": "worker", "ui": "interface"}


def up() -> None:
    """Start everything and stop it on Ctrl-C: models, engine, API, worker, interface."""
    settings = Settings()
    console = Console()
    store = model_store(settings)
    pull_with_progress(store, settings.embedder or store.default_embedder(), console)
    name = chat_model_name(settings, store)
    if settings.embedded_engine:
        pull_with_progress(store, name, console)
    else:
        pull_tokenizer(store, settings.tokenizer or name, console)

    supervisor = Supervisor(children(settings, store))
    with _spinner(console) as progress:
        task = progress.add_task("starting")

        def show(waiting: list[str]) -> None:
            names = ", ".join(_NAMES[name] for name in waiting)
            progress.update(task, description=f"starting {names}" if names else "ready")

        supervisor.start(timeout_s=_START_TIMEOUT_S, on_wait=show)
    _wait_for_samples(ServiceClient(settings.api_base_url), console)
    console.print(f"\n[bold]知问 Zhiwen[/] is ready: http://{settings.ui_host}:{settings.ui_port}")
    console.print(f"API and its documentation: {settings.api_base_url}/docs")
    console.print(f"Logs: {settings.data_dir / 'logs'}    Stop: Ctrl-C\n")
    supervisor.run()
    console.print("stopped")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how each component is, and what to do where one is down."""
    settings = Settings()
    console = Console()
    status: dict[str, Any] = ServiceClient(settings.api_base_url).get("/api/status")
    if as_json:
        console.print_json(data=status)
    else:
        for component in status["components"]:
            mark = "[green]ok  [/]" if component["ok"] else "[red]down[/]"
            console.print(f"{mark}  {component['name']:9}  {component['detail']}", highlight=False)
        console.print(f"      {'jobs':9}  {status['queued_jobs']} waiting", highlight=False)
    if not all(component["ok"] for component in status["components"]):
        raise typer.Exit(1)


def _wait_for_samples(client: ServiceClient, console: Console) -> None:
    """On a first start the sample base is being read; the first question should find it."""
    with _spinner(console) as progress:
        task = progress.add_task("reading the sample documents")
        while client.get("/api/jobs", state="queued") or client.get("/api/jobs", state="running"):
            progress.update(task)
            time.sleep(0.3)


def _spinner(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
