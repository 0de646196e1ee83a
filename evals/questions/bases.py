"""Knowledge bases of a run, cached for runs with the same documents and processing."""

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock
from pydantic import ValidationError

import app
import ingest
import vectorstore
from app.config import Settings
from app.llm.chat_model import ChatModel
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import Zhiwen, build
from app.wiring.models import build_embedder, model_store
from evals.errors import BadCatalogue
from evals.local import add_documents, ingestion_settings
from evals.progress import Progress
from evals.questions.vector_cache import CachedEmbedder
from ingest.embedding.embedder import Embedder

Contents = Mapping[str, Mapping[str, bytes]]  # base name → file name → bytes

_DONE = "bases.json"  # written last
_READING = [  # the code that processes, stores and indexes documents
    Path(ingest.__path__[0]),
    Path(vectorstore.__path__[0]),
    *(Path(app.__path__[0]) / part for part in ("db", "services/library", "services/ingestion")),
]


@dataclass(frozen=True, slots=True)
class Base:
    id: str
    documents: dict[str, str]  # file name → document id


@dataclass(slots=True)
class OpenBases:
    """An application for one eval, with its documents ingested."""

    zhiwen: Zhiwen
    bases: dict[str, Base]
    embedder: CachedEmbedder
    chunks: int

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.zhiwen.indexes.save()
        self.zhiwen.db.dispose()
        self.embedder.close()


def settings_with(given: Settings, *changes: Mapping[str, Any]) -> Settings:
    """The settings with changes, of which later ones win. Raises BadCatalogue."""
    values = {name: getattr(given, name) for name in given.model_fields_set}
    for change in changes:
        values |= change
    unknown = set(values) - set(Settings.model_fields)
    if unknown:
        raise BadCatalogue(f"Unknown settings: {', '.join(sorted(unknown))}.")
    try:
        return Settings(**values)
    except ValidationError as error:
        raise BadCatalogue(f"Invalid settings: {error}") from error


def open_bases(
    contents: Contents,
    settings: Settings,
    folder: Path,
    progress: Progress,
    *,
    model: ChatModel | None = None,
    embedder: Embedder | None = None,
    reuse: bool = True,
) -> OpenBases:
    """Bases with these documents in `folder`; processed again if code or settings changed.

    Vectors are cached by text, so that even then only new chunks are embedded.
    """
    store = model_store(settings)
    cached = CachedEmbedder(
        embedder or build_embedder(settings, store, threads=settings.embed_threads),
        folder / "vectors.db",
        version=_sources([Path(ingest.__path__[0]) / "embedding"]),
    )
    changes = {
        "models_dir": settings.models_path.absolute(),
        "database_url": None,
        "files_url": None,  # with a database of their own, they would remove all files there
        "sample_base": False,
    }
    scratch = settings_with(settings, changes, {"data_dir": folder / "bases" / "new"})
    key = _key(contents, build(scratch, embedder=cached, model=ScriptedChatModel()))
    own = folder / "bases" / key
    done = own / _DONE
    (folder / "locks").mkdir(exist_ok=True)
    with FileLock(
        folder / "locks" / key
    ):  # of two runs of a set, one processes it and the other waits
        if not (reuse and done.exists()):
            shutil.rmtree(own, ignore_errors=True)
        zhiwen = build(
            scratch.model_copy(update={"data_dir": own}),
            embedder=cached,
            model=model or ScriptedChatModel(),
        )
        logging.getLogger("alembic").setLevel(logging.WARNING)
        zhiwen.prepare()
        if done.exists():
            stored = json.loads(done.read_text(encoding="utf-8"))
            bases = {name: Base(**base) for name, base in stored.items()}
        else:
            bases = _read_documents(zhiwen, contents, progress)
            text = json.dumps({n: {"id": b.id, "documents": b.documents} for n, b in bases.items()})
            done.write_text(text, encoding="utf-8")
    chunks = sum(summary.chunk_count for summary in zhiwen.bases.all(ME))
    return OpenBases(zhiwen, bases, cached, chunks)


def _read_documents(zhiwen: Zhiwen, contents: Contents, progress: Progress) -> dict[str, Base]:
    count = sum(len(files) for files in contents.values())
    with progress.task("documents read", count) as advance:
        return {
            name: Base(*add_documents(zhiwen, name, files, advance))
            for name, files in contents.items()
        }


def _key(contents: Contents, zhiwen: Zhiwen) -> str:
    hashed = hashlib.sha256()
    for base_name, files in contents.items():
        for name, data in files.items():
            hashed.update(f"{base_name}\0{name}\0".encode())
            hashed.update(hashlib.sha256(data).digest())
    zhiwen.db.dispose()
    reading = {"embedder": zhiwen.embedder.name, **ingestion_settings(zhiwen)}
    hashed.update(json.dumps(reading, sort_keys=True, default=str).encode())
    hashed.update(_sources(_READING).encode())
    return hashed.hexdigest()[:16]


def _sources(places: list[Path]) -> str:
    """Digest of all Python files in these places."""
    hashed = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            hashed.update(path.name.encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()
