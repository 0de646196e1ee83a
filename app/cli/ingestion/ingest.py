"""`zhiwen ingest PATH… --kb NAME [--watch] [--delete] [--ray ADDRESS]`."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.errors import CliError, ServiceDown
from app.cli.ingestion.on_ray import read_by
from app.cli.ingestion.sync import Notes, Source, known
from app.cli.output.console import say
from app.cli.output.waiting import FINISHED, bars_on_stderr, wait_until_read

if TYPE_CHECKING:
    from rich.progress import Progress

    from app.cli.client import ServiceClient

_WATCH_S = 2.0


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders to read recursively.")],
    kb: Annotated[
        str,
        typer.Option("--kb", help="Knowledge base by name or id; created if it doesn't exist."),
    ],
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Remove documents whose files were deleted from a folder."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep running and upload changes, until Ctrl-C.")
    ] = False,
    ray: Annotated[
        str,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Read and embed on a Ray cluster; `local` starts Ray here. Run it where "
            "the worker could run: it needs the database and the uploaded files.",
        ),
    ] = "",
    ray_readers: Annotated[
        int, typer.Option(min=0, help="Readers on the cluster; 0 = one for each processor.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add documents to a knowledge base and wait until each is ready or has failed.

    Files that the knowledge base already contains are not uploaded again.
    """
    from app.cli.client import service
    from app.config import Settings

    settings = Settings()
    client = service()
    sources, skipped = files_in(paths)
    if skipped and not as_json:
        say(f"skipped (unsupported format): {skipped}", stderr=True)
    if not sources and not watch and not delete:
        from ingest.parsers import supported_extensions

        raise CliError("No readable files found. Formats: " + " ".join(supported_extensions()))
    base_id = _base_of(client, kb)
    notes = Notes.of(settings.data_dir, settings.api_base_url, base_id)
    folders = [path for path in paths if path.is_dir()]
    with read_by(settings, ray, ray_readers) as check:
        sync = Sync(client, base_id, notes, folders, delete, as_json, check)
        failed = sync.run(sources)
        while watch:
            time.sleep(_WATCH_S)
            _sync_changes(sync, paths)
    if failed:
        raise typer.Exit(1)


def files_in(paths: list[Path]) -> tuple[list[Source], int]:
    """Finds the files to upload, and counts those skipped in folders because of their format.

    Named files are always included; in folders, only visible files in supported formats. A folder's
    files get paths that start with the folder's name.
    """
    from ingest.parsers import supported_extensions

    readable = supported_extensions()
    files: dict[Path, Source] = {}  # ordered, without duplicates
    skipped = 0
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob("*")):
                inside = found.relative_to(path)
                hidden = any(part.startswith(".") for part in inside.parts)
                if hidden or not found.is_file():
                    continue
                if found.suffix.lower() in readable:
                    place = f"{path.resolve().name}/{inside.as_posix()}"
                    files[found] = Source(found, place)
                else:
                    skipped += 1
        elif path.is_file():
            files[path] = Source(path, path.name)
        else:
            raise CliError(f"There is no file {path}.")
    return list(files.values()), skipped


@dataclass(frozen=True, slots=True)
class Sync:
    """Brings a base up to date with files on disk. `check` raises where nobody will read them."""

    client: "ServiceClient"
    base_id: str
    notes: Notes
    folders: list[Path]
    delete: bool
    as_json: bool
    check: Callable[[], None]

    def run(self, sources: list[Source]) -> bool:
        """Uploads new and changed files and waits for them. Returns whether any file failed."""
        hashed, refused = [], []
        for source in sources:
            try:
                hashed.append((source, self.notes.sha256(source)))
            except CliError as error:
                refused.append(_refused(source, error))
        files = [(source.place, sha256) for source, sha256 in hashed]
        found = known(self.client, self.base_id, files)
        missing = [source for (source, _), each in zip(hashed, found, strict=True) if each is None]
        here = [each for each in found if each is not None]
        unchanged = [each for each in here if each["state"] in FINISHED]
        waiting = [each for each in here if each["state"] not in FINISHED]
        with bars_on_stderr(hidden=self.as_json) as bars:
            documents = _upload(self.client, self.base_id, missing, bars) + waiting
            wait_until_read(self.client, documents, bars, self.check)
        removed = self._remove_gone(sources, [*documents, *unchanged])
        self.notes.save()
        documents = refused + documents
        _report(documents, unchanged, removed, self.as_json)
        return any(document["state"] == "failed" for document in [*documents, *unchanged])

    def _remove_gone(self, sources: list[Source], present: list[dict[str, Any]]) -> list[str]:
        """Removes the documents of deleted files. Returns their paths."""
        if not self.delete:
            return []
        gone = self.notes.gone(self.folders, sources)
        kept = {document["id"] for document in present}
        removed = []
        for (place, _), document in zip(gone, known(self.client, self.base_id, gone), strict=True):
            if document is None:
                continue
            self.client.delete(f"/api/documents/{document['id']}", {"path": place})
            if document["id"] not in kept:  # otherwise another file has the same content
                removed.append(place)
        return removed


def _sync_changes(sync: Sync, paths: list[Path]) -> None:
    """Runs again if a file was added, changed or deleted."""
    try:
        sources, _ = files_in(paths)
        changed = [s for s in sources if not sync.notes.is_unchanged(s)]
        here = {str(source.file.absolute()) for source in sources}
        gone = sync.delete and any(key not in here for key in sync.notes.seen)
        if changed or gone:
            sync.run(sources)
    except (CliError, OSError) as error:  # the service may be restarting, or a file was just moved
        say(("waiting: ", "yellow"), str(error), stderr=True)


def _base_of(client: "ServiceClient", name: str) -> str:
    base = client.base_named(name)
    if base is None:
        base = client.post("/api/bases", {"name": name})
    elif not base["own"]:  # others choose names too, and read what is uploaded
        say(("shared: ", "yellow"), f"{base['name']} belongs to {base['owner']}", stderr=True)
    return str(base["id"])


def _upload(
    client: "ServiceClient", base_id: str, files: list[Source], bars: "Progress"
) -> list[dict[str, Any]]:
    """Uploads files. A rejected one counts as failed and does not stop the others."""
    documents = []
    task = bars.add_task("uploading", total=len(files), visible=bool(files))
    for source in files:
        try:
            documents.append(client.upload(base_id, source.file, source.place))
        except ServiceDown:
            raise
        except CliError as error:
            documents.append(_refused(source, error))
        bars.advance(task)
    return documents


def _refused(source: Source, error: CliError) -> dict[str, Any]:
    refused = {"id": None, "name": source.file.name, "state": "failed", "chunk_count": 0}
    return {**refused, "error_detail": str(error)}


def _report(
    documents: list[dict[str, Any]],
    unchanged: list[dict[str, Any]],
    removed: list[str],
    as_json: bool,
) -> None:
    if as_json:
        keys = ("id", "name", "state", "chunk_count", "error_detail")
        rows = [{key: each.get(key) for key in keys} for each in [*documents, *unchanged]]
        result = {"documents": rows, "unchanged": len(unchanged), "removed": removed}
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2))
        return
    failed_before = [document for document in unchanged if document["state"] == "failed"]
    for document in [*documents, *failed_before]:
        if document["state"] == "ready":
            say(("ready ", "green"), f"  {document['name']}  ({document['chunk_count']} chunks)")
        else:
            say(("failed", "red"), f"  {document['name']}: {document['error_detail']}")
    for place in removed:
        say(("removed", "yellow"), f" {place}")
    if unchanged:
        say(f"unchanged: {len(unchanged) - len(failed_before)}")
