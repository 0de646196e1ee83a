"""`zhiwen doctor`."""

import json
import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.errors import CliError
from app.cli.output.console import say

if TYPE_CHECKING:
    from app.cli.client import ServiceClient
    from app.config import Settings


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair differences from the database.")
    ] = False,
) -> None:
    """Check every component, and compare files and indexes with the database."""
    from app.cli.client import client_of
    from app.config import Settings

    settings = Settings()
    client = client_of(settings)
    try:
        status = client.get("/api/status")
    except CliError as error:
        status = {
            "components": [_component("api", str(error), ok=False), *_local_components(settings)]
        }
        status["check"] = _check_locally(settings, repair=repair)
    else:
        status["check"] = _check(client, settings, repair=repair)
    if as_json:
        typer.echo(json.dumps(status, ensure_ascii=False, indent=2))
    else:
        _show(status)
    unrepaired = any(not finding["repaired"] for finding in status["check"]["now"])
    red = [part for part in (*status["components"], *status.get("engines", [])) if not part["ok"]]
    if unrepaired or red:
        raise typer.Exit(1)


def _show_to_read(counts: dict[str, int]) -> None:
    """Documents that an earlier release read."""
    waiting, failed = counts.get("waiting", 0), counts.get("failed", 0)
    if waiting or failed:
        why = "; the reading reports say why" if failed else ""
        say(f"      {'reading':9}  of an earlier release: {waiting} waiting, {failed} failed{why}")


def _show(status: dict[str, Any]) -> None:
    for component in status["components"]:
        mark = ("ok  ", "green") if component["ok"] else ("down", "red")
        say(mark, f"  {component['name']:9}  {component['detail']}")
    for engine in status.get("engines", []):
        _show_engine(engine)
    for held in status.get("held", []):
        base = held["base_name"]
        say(f"      {'answers':9}  {held['worse']} of {base} got worse: zhiwen gate --kb {base}")
    for taken in status.get("taken_back", []):
        say(f"      {'adapters':9}  the {taken['alias']} was rolled back: {taken['reason']}")
    for advice in status.get("advice", []):
        say(f"      {'model':9}  {advice['detail']}")
    if "versions" in status:
        versions = ", ".join(f"{name} {number}" for name, number in status["versions"].items())
        say(f"      {'versions':9}  {versions}")
    if "queued_jobs" in status:
        say(f"      {'jobs':9}  {status['queued_jobs']} waiting")
    _show_to_read(status.get("to_read_again", {}))
    check = status["check"]
    for finding in check["at_start"]:
        say(("fixed ", "green"), f"  at last start: {finding['what']}: {finding['detail']}")
    for finding in check["now"]:
        mark = ("fixed ", "green") if finding["repaired"] else ("wrong ", "red")
        say(mark, f"  {finding['what']}: {finding['detail']}")
    if not check["now"]:
        say(("ok  ", "green"), "  files, jobs and indexes agree with the database")
    elif not all(finding["repaired"] for finding in check["now"]):
        say("To repair automatically: zhiwen doctor --repair")


def _show_engine(engine: dict[str, Any]) -> None:
    """One line per engine; if it is down, also its last error and what to do."""
    mark = ("ok  ", "green") if engine["ok"] else ("down", "red")
    load = f"{engine['running']}/{engine['max_running']} running, {engine['waiting']} waiting"
    where = f"  {engine['address']}" if engine["address"] else ""  # a key is not told
    say(mark, f"  engine {engine['name']}{where}  breaker {engine['state']}, {load}")
    if not engine["ok"]:
        if engine["last_error"]:
            say(f"        last error: {engine['last_error']}")
        if engine["todo"]:
            say(f"        {engine['todo']}")


def _check(client: "ServiceClient", settings: "Settings", *, repair: bool) -> Any:
    """By the service, or here where the key may not."""
    try:
        return client.post("/api/check", {}) if repair else client.get("/api/check")
    except CliError:
        if repair:
            raise
        return _check_locally(settings, repair=False)


def _check_locally(settings: "Settings", *, repair: bool) -> dict[str, Any]:
    """Checks without the service; no findings if there is no database yet."""
    from dataclasses import asdict

    from sqlalchemy.exc import SQLAlchemyError

    from app.db.errors import DatabaseUnavailable
    from app.wiring.worker import build_reconciliation

    if settings.database_url is None and not (settings.data_dir / "zhiwen.db").exists():
        return {"at_start": [], "now": []}
    try:
        found = [asdict(f) for f in build_reconciliation(settings).findings(repair=repair)]
    except (SQLAlchemyError, DatabaseUnavailable) as error:
        reason = str(error).splitlines()[0]
        detail = f"cannot be checked ({reason}); the next start migrates an older database"
        found = [{"what": "database", "detail": detail, "repaired": False}]
    return {"at_start": [], "now": found}


def _local_components(settings: "Settings") -> list[dict[str, Any]]:
    """Components that can be checked without the service: models, disk, database."""
    database = _database(settings)
    vectors = _vectors(settings) if database["ok"] else []
    return [*_models(settings), _disk(settings), database, *vectors]


def _models(settings: "Settings") -> list[dict[str, Any]]:
    from app.llm.chat_model import EnginesInvalid
    from app.models.errors import ModelError
    from app.models.store import ModelStore
    from app.wiring.calibration import said_of_embedder
    from app.wiring.engines import chat_model_name, engine_list, starts_engine, tokenizer_name
    from app.wiring.models import build_embedder
    from ingest.embedding.remote.embedder import RemoteEmbedder

    store = ModelStore(settings.models_path, offline=True)

    def embedder() -> str:
        name, served = settings.embedder or store.default_embedder(), ""
        if settings.embedder_url is not None:
            remote = build_embedder(settings, store, threads=1)
            served = asked(remote) if isinstance(remote, RemoteEmbedder) else ""
        elif name != "hashing":
            store.path(name)
        said = said_of_embedder(store, name, served)
        return f"{name} ({said})" if said else name

    def asked(remote: RemoteEmbedder) -> str:
        if reason := remote.why_down():
            raise ModelError(reason)
        return remote.model.identity

    def engine() -> str:
        if starts_engine(settings):
            store.path(chat_model_name(settings, store))
        specs = engine_list(settings, store).engines
        for spec in specs:
            store.tokenizer(tokenizer_name(spec, settings, store))
        return ", ".join(spec.name for spec in specs)

    found = []
    for kind, check in (("embedder", embedder), ("engine", engine)):
        try:
            found.append(_component(kind, f"{check()}: here", ok=True))
        except (ModelError, EnginesInvalid) as error:
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


def _vectors(settings: "Settings") -> list[dict[str, Any]]:
    """Of an installation on PostgreSQL; on SQLite there is one engine, and nothing to check."""
    from app.db.engine import Database
    from app.services.errors import ServiceError
    from app.wiring.indexes import settle_vectors
    from vectorstore import VectorStoreError

    if settings.database_url is None:
        return []
    database = Database(settings.sql_url)
    try:
        engine = settle_vectors(settings, database)
    except (ServiceError, VectorStoreError) as error:
        return [_component("indexes", str(error), ok=False)]
    finally:
        database.dispose()
    return [_component("indexes", engine, ok=True)]


def _component(name: str, detail: str, *, ok: bool) -> dict[str, Any]:
    """A component in the form of `/api/status`."""
    return {"name": name, "ok": ok, "detail": detail, "since": None}
