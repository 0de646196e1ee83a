"""Nodes that take a fixed time in sleep for a document, whatever the machine: what is measured is
this process, which claims and commits."""

import threading
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from app.worker.on_ray.cluster import Node
from ingest.embedding.embedder import Vectors
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse
from ingest.pipeline import read
from ingest.types import Chunk, Document

DIM = 384
_CONCURRENCY = 64  # simulated nodes in a process
_CHUNK_TOKENS = 120


class ScriptedEmbedder(HashingEmbedder):
    """Stands for the model in this process, which embeds nothing."""

    def __init__(self) -> None:
        super().__init__(DIM)
        self.name = "scripted"


class ScriptedReader:
    """An actor: the chunks of a text without its last paragraph, once, then from memory; vectors of
    chance."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._choose = np.random.default_rng(1)

    def read(self, data: bytes, name: str) -> tuple[Document, list[Chunk]]:
        return _read(data.rpartition(b"\n\n")[0])

    def embed(self, texts: list[str]) -> Vectors:
        time.sleep(self._seconds)
        vectors = self._choose.standard_normal((len(texts), DIM)).astype(np.float32)
        normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normalised


@dataclass(frozen=True, slots=True)
class OneAtATime(Node):
    """As a node with an actor of its own: simulated ones share a process."""

    free: threading.Lock = field(default_factory=threading.Lock)

    def _ask(self, method: str, *given: Any) -> Any:
        with self.free:
            return Node._ask(self, method, *given)


def scripted_nodes(count: int, seconds: float, text: bytes, processes: int = 2) -> list[Node]:
    """`count` nodes in a few actors, each of which takes `seconds` to embed. All are there, and
    have read `text`, when this returns."""
    import ray

    remote = ray.remote(ScriptedReader).options(num_cpus=0, max_concurrency=_CONCURRENCY)
    actors = [remote.remote(seconds) for _ in range(processes)]
    nodes: list[Node] = [OneAtATime(actors[number % processes]) for number in range(count)]
    for node in nodes[:processes]:
        node.read(text, "scripted.md")
    return nodes


@cache
def _read(data: bytes) -> tuple[Document, list[Chunk]]:
    count = HashingEmbedder().token_counts
    return read(data, "scripted.md", count, chunk_tokens=_CHUNK_TOKENS, parse=parse)
