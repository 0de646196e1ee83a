"""`zhiwen ingest PATH… --kb NAME`."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.client import CliError, ServiceClient
from app.config import Settings
from ingest.parsers import supported_extensions

_POLL_S = 0.3


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders to walk through.")],
    kb: Annotated[str, typer.Option("--kb", help="Knowledge base; created where missing.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add documents to a knowledge base; returns when each is ready or failed."""
    files = list(_files(paths))
    if not files:
        raise CliError("Nothing to read there. Formats: " + " ".join(supported_extensions()))
    client = ServiceClient(Settings().api_base_url)
    base_id = _base_of(client, kb)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        disable=as_json,
    ) as bar:
        documents = _upload(client, base_id, files, bar)
        _wait(client, documents, bar)
    _report(documents, as_json)
    if any(document["state"] == "failed" for document in documents):
        raise typer.Exit(1)


def _files(paths: list[Path]) -> Iterator[Path]:
    """Named files as they are; of folders what can be read."""
    for path in paths:
        if path.is_dir():
            readable = supported_extensions()
            yield from sorted(
                p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in readable
            )
        elif path.is_file():
            yield path
        else:
            raise CliError(f"There is no file {path}.")


def _base_of(client: ServiceClient, name: str) -> str:
    for base in client.get("/api/bases"):
        if base["name"] == name:
            return str(base["id"])
    return str(client.post("/api/bases", {"name": name})["id"])


def _upload(
    client: ServiceClient, base_id: str, files: list[Path], bar: Progress
) -> list[dict[str, Any]]:
    """A file that is refused counts as failed and doesn't stop the others."""
    documents = []
    task = bar.add_task("uploading", total=len(files))
    for path in files:
        try:
            documents.append(client.upload(base_id, path))
        except CliError as error:
            refused = {"id": None, "name": path.name, "state": "failed", "chunk_count": 0}
            documents.append({**refused, "error_detail": str(error)})
        bar.advance(task)
    return documents


def _wait(client: ServiceClient, documents: list[dict[str, Any]], bar: Progress) -> None:
    task = bar.add_task("reading", total=len(documents))
    while True:
        for index, document in enumerate(documents):
            if document["state"] not in ("ready", "failed"):
                documents[index] = client.get(f"/api/documents/{document['id']}")
        done = sum(document["state"] in ("ready", "failed") for document in documents)
        bar.update(task, completed=done)
        if done == len(documents):
            return
        time.sleep(_POLL_S)


def _report(documents: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        keys = ("id", "name", "state", "chunk_count", "error_detail")
        rows = [{key: document.get(key) for key in keys} for document in documents]
        typer.echo(json.dumps({"documents": rows}, ensure_ascii=False, indent=2))
        return
    console = Console()
    for document in documents:
        if document["state"] == "ready":
            console.print(
                f"[green]ready [/]  {document['name']}  ({document['chunk_count']} chunks)",
                highlight=False,
            )
        else:
            console.print(
                f"[red]failed[/]  {document['name']}: {document['error_detail']}", highlight=False
            )
