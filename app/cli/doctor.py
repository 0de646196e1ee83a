"""`zhiwen doctor`."""

import json
import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import say
from app.cli.errors import CliError

if TYPE_CHECKING:
    from app.config import Settings


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how each component is, and what to do where one is down."""
    from app.cli.client import ServiceClient
    from app.config import Settings

    settings = Settings()
    try:
        status = ServiceClient(settings.api_base_url).get("/api/status")
    except CliError as error:
        status = {"components": [_component("api", str(error), ok=False), *_seen_here(settings)]}
    if as_json:
        typer.echo(json.dumps(status, ensure_ascii=False, indent=2))
    else:
        for component in status["components"]:
            mark = ("ok  ", "green") if component["ok"] else ("down", "red")
            say(mark, f"  {component['name']:9}  {component['detail']}")
        if "queued_jobs" in status:
            say(f"      {'jobs':9}  {status['queued_jobs']} waiting")
    if not all(component["ok"] for component in status["components"]):
        raise typer.Exit(1)


def _seen_here(settings: "Settings") -> list[dict[str, Any]]:
    """What can be told without the service: models, disk, database."""
    return [*_models(settings), _disk(settings), _database(settings)]


def _models(settings: "Settings") -> list[dict[str, Any]]:
    from app.models.errors import ModelError
    from app.models.store import ModelStore
    from app.wiring import chat_model_name

    store = ModelStore(settings.models_path, offline=True)

    def embedder() -> str:
        name = settings.embedder or store.default_embedder()
        if name != "hashing":
            store.path(name)
        return name

    def engine() -> str:
        name = chat_model_name(settings, store)
        if settings.embedded_engine:
            store.path(name)
        else:
            store.tokenizer(settings.tokenizer or name)
        return name

    found = []
    for kind, check in (("embedder", embedder), ("engine", engine)):
        try:
            found.append(_component(kind, f"{check()}: here", ok=True))
        except ModelError as error:
            found.append(_component(kind, str(error), ok=False))
    return found


def _disk(settings: "Settings") -> dict[str, Any]:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    detail = f"{shutil.disk_usage(folder).free / 1024**3:.1f} GB free for {settings.data_dir}"
    return _component("disk", detail, ok=True)


def _database(settings: "Settings") -> dict[str, Any]:
    from app.db.engine import Database
    from app.db.errors import DatabaseUnavailable

    if settings.database_url is None and not (settings.data_dir / "zhiwen.db").exists():
        return _component("database", "not created yet", ok=True)
    try:
        database = Database(settings.sql_url)
        database.check()
    except DatabaseUnavailable as error:
        return _component("database", str(error), ok=False)
    return _component("database", database.dialect, ok=True)


def _component(name: str, detail: str, *, ok: bool) -> dict[str, Any]:
    """Shaped like a component of `/api/status`."""
    return {"name": name, "ok": ok, "detail": detail, "since": None}
