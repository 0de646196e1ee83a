"""What runs on a node: the worker's pipeline between the bytes of a file and the commit."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.config import Settings
from app.embedder_settings import EmbedderSettings
from app.version import VERSION
from app.wiring.models import build_embedder, model_store
from app.wiring.worker import build_parser
from app.worker.on_ray.errors import OtherNode
from ingest.embedding.embedder import Embedder, Vectors
from ingest.errors import IngestError
from ingest.pipeline import Parse, chunk_limit, read
from ingest.recipe import RECIPE
from ingest.types import Chunk, Document

# All that a node has to know. Database, files and keys of people stay where they are.
_SENT = (
    *EmbedderSettings.model_fields,
    *("chunk_tokens", "read_hidden", "offline"),
    *("parse_timeout_s", "parse_total_timeout_s", "parse_memory_mib", "parse_max_characters"),
)


@dataclass(frozen=True, slots=True)
class Making:
    """What a node reads and embeds with."""

    embedder: Embedder
    parse: Parse
    chunk_tokens: int


@dataclass(frozen=True, slots=True)
class Known:
    """Two processes in which this is the same give a file the same chunks and vectors."""

    release: str
    recipe: int
    embedder: str
    dim: int
    max_tokens: int

    @classmethod
    def of(cls, embedder: Embedder) -> "Known":
        return cls(VERSION, RECIPE, embedder.name, embedder.dim, embedder.max_tokens)


class NodeReader:
    """An actor. Errors about the file are returned: Ray would wrap raised ones, and try again.

    It compares itself with `asking`, the process that asks, wherever Ray starts it: a reader that
    died may come back on another node. Raises OtherNode.
    """

    def __init__(self, make: Callable[[], Making], asking: Known) -> None:
        made = make()
        if (here := Known.of(made.embedder)) != asking:
            raise OtherNode(f"the node has {here}, the process that asks {asking}")
        self._embedder, self._parse = made.embedder, made.parse
        self._chunk_tokens = chunk_limit(made.chunk_tokens, made.embedder.max_tokens)

    def pid(self) -> int:
        return os.getpid()

    def read(self, data: bytes, name: str) -> tuple[Document, list[Chunk]] | IngestError:
        try:
            return read(
                data,
                name,
                self._embedder.token_counts,
                chunk_tokens=self._chunk_tokens,
                parse=self._parse,
            )
        except IngestError as error:
            return error

    def embed(self, texts: list[str]) -> Vectors | IngestError:
        try:
            return self._embedder.embed(texts, kind="document")
        except IngestError as error:
            return error


def sent_settings(settings: Settings, embedder: str) -> dict[str, Any]:
    """The part of the settings that decides how a file is read, with the embedder's name."""
    return {**{name: getattr(settings, name) for name in _SENT}, "embedder": embedder}


def make_reader(sent: Mapping[str, Any], models: Path) -> Making:
    """On the node, with its own ZHIWEN_MODELS_DIR where it has one, else `models`. One thread: the
    cluster decides how many readers a machine has. Raises ModelError."""
    own = Settings.model_validate(dict(sent))
    settings = own if own.models_dir else own.model_copy(update={"models_dir": models})
    threads = settings.embed_threads or 1
    embedder = build_embedder(settings, model_store(settings), threads=threads)
    return Making(embedder, build_parser(settings), settings.chunk_tokens)
