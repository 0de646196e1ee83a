"""`zhiwen ingest PATH… --kb NAME`."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import plain, say
from app.cli.errors import CliError, ServiceDown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from app.cli.client import ServiceClient

_POLL_S = 0.3
_ASKED_AT_ONCE = 20  # documents are read in their order, so the first unfinished ones tell enough
_FINISHED = ("ready", "failed")


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders to walk through.")],
    kb: Annotated[str, typer.Option("--kb", help="Knowledge base; created where missing.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add documents to a knowledge base; returns when each is ready or failed."""
    from app.cli.client import service

    files, passed_over = files_in(paths)
    if passed_over and not as_json:
        say(f"passed over: {passed_over} files of formats that cannot be read", stderr=True)
    if not files:
        from ingest.parsers import supported_extensions

        raise CliError("Nothing to read there. Formats: " + " ".join(supported_extensions()))
    client = service()
    base_id = _base_of(client, kb)
    with _bars(hidden=as_json) as bars:
        documents = _upload(client, base_id, files, bars)
        _wait(client, documents, bars)
    _report(documents, as_json)
    if any(document["state"] == "failed" for document in documents):
        raise typer.Exit(1)


def files_in(paths: list[Path]) -> tuple[list[Path], int]:
    """Named files as they are, and of folders what can be read; hidden files only when named.

    The number counts what was passed over in folders for its format.
    """
    from ingest.parsers import supported_extensions

    readable = supported_extensions()
    files: dict[Path, None] = {}  # in order, each once
    passed_over = 0
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob("*")):
                hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
                if hidden or not found.is_file():
                    continue
                if found.suffix.lower() in readable:
                    files[found] = None
                else:
                    passed_over += 1
        elif path.is_file():
            files[path] = None
        else:
            raise CliError(f"There is no file {path}.")
    return list(files), passed_over


def _base_of(client: "ServiceClient", name: str) -> str:
    for base in client.get("/api/bases"):
        if base["name"] == name:
            return str(base["id"])
    return str(client.post("/api/bases", {"name": name})["id"])


def _bars(*, hidden: bool) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        disable=hidden,
    )


def _upload(
    client: "ServiceClient", base_id: str, files: list[Path], bars: "Progress"
) -> list[dict[str, Any]]:
    """A file that is refused counts as failed and doesn't stop the others."""
    documents = []
    task = bars.add_task("uploading", total=len(files))
    for path in files:
        try:
            documents.append(client.upload(base_id, path))
        except ServiceDown:
            raise
        except CliError as error:
            refused = {"id": None, "name": path.name, "state": "failed", "chunk_count": 0}
            documents.append({**refused, "error_detail": str(error)})
        bars.advance(task)
    return documents


def _wait(client: "ServiceClient", documents: list[dict[str, Any]], bars: "Progress") -> None:
    """Poll until all are finished; the file that is being read has a bar with its stage."""
    whole = bars.add_task("reading", total=len(documents))
    rows: dict[str, TaskID] = {}
    while True:
        unfinished = [i for i, d in enumerate(documents) if d["state"] not in _FINISHED]
        for index in unfinished[:_ASKED_AT_ONCE]:
            document = client.get(f"/api/documents/{documents[index]['id']}")
            documents[index] = document
            _show(document, rows, bars)
        done = sum(document["state"] in _FINISHED for document in documents)
        bars.update(whole, completed=done)
        if done == len(documents):
            return
        time.sleep(_POLL_S)


def _show(document: dict[str, Any], rows: "dict[str, TaskID]", bars: "Progress") -> None:
    id_, state = document["id"], document["state"]
    if state in ("parsing", "embedding"):
        words, total = f"  {state} {plain(document['name'])}", document["total"] or None
        if id_ not in rows:
            rows[id_] = bars.add_task(words, total=total)
        bars.update(rows[id_], description=words, completed=document["done"], total=total)
    elif id_ in rows:
        bars.remove_task(rows.pop(id_))


def _report(documents: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        keys = ("id", "name", "state", "chunk_count", "error_detail")
        rows = [{key: document.get(key) for key in keys} for document in documents]
        typer.echo(json.dumps({"documents": rows}, ensure_ascii=False, indent=2))
        return
    for document in documents:
        if document["state"] == "ready":
            say(("ready ", "green"), f"  {document['name']}  ({document['chunk_count']} chunks)")
        else:
            say(("failed", "red"), f"  {document['name']}: {document['error_detail']}")
