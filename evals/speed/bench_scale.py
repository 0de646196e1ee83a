"""Vector engines at size: `make bench-scale CHUNKS=1000000`.

Synthetic vectors with structure, one query at a time, by a process that opens what another one
built. FAISS maps a file that all processes share, pgvector has the server's files and memory,
Milvus a server of its own. Recall is of the exact ten nearest, from all vectors in float32.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from app.db.engine import Database
from app.services.library.vector_stores import MILVUS
from app.services.library.vector_tables import connections_of
from evals.figures import Figure, of_many, percentile_95, table, write
from evals.milvus_lite import milvus_lite
from evals.postgres import running_server
from evals.speed.processes import memory_mib
from evals.speed.synthetic import SyntheticVectors
from vectorstore import VectorEngine, VectorStore, vector_engine
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.server import Server
from vectorstore.milvus.store import MilvusStore
from vectorstore.pgvector.engine import PgVectorEngine
from vectorstore.pgvector.store import PgVectorStore
from vectorstore.protocol import Match, Vectors

REPORT = Path("build/bench-scale.json")
DIM = 384
K = 60  # candidates of a search as served
NEAREST = 10
_EMBEDDER = "synthetic"
_PREFIX = "zhiwen_bench"  # of collections
_STEPS = (100, 10, 1)  # a hundredth, a tenth and all of the vectors
_ROWS_AT_ONCE = 5000
_PROCESSES = (1, 2, 4)  # that search the same store
_LEAST_MIB = 10.0  # where a server has the vectors, a share of what is left says nothing


_all_there: Barrier


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine keeps its stores: a folder, and the URLs of a database and of Milvus."""

    engine: str
    folder: Path
    url: str
    milvus_url: str

    @contextmanager
    def opened(self) -> Iterator[VectorEngine]:
        database, server = Database(self.url), Server(self.milvus_url)
        try:
            connections = connections_of(database)
            yield vector_engine(
                self.engine, self.folder, connections=connections, server=server, prefix=_PREFIX
            )
        finally:
            server.close()
            database.dispose()


@dataclass(frozen=True, slots=True)
class Searched:
    """What a process measured that opened the stores of these names."""

    open_ms: float
    times_ms: list[float]
    found: list[list[int]]
    memory_mib: float  # more than before it opened them


def main(
    chunks: Annotated[int, typer.Option(min=1000, help="Vectors of the largest base.")] = 100_000,
    bases: Annotated[int, typer.Option(min=1, help="Bases that are searched together.")] = 20,
    per_base: Annotated[int, typer.Option(min=100, help="Vectors in each of them.")] = 2000,
    engines: Annotated[str, typer.Option(help="Which ones, comma-separated.")] = "faiss,pgvector",
    database_url: Annotated[
        str, typer.Option(help="A PostgreSQL with pgvector; one of its own when empty.")
    ] = "",
    queries: Annotated[int, typer.Option(min=1, help="Searches of each kind.")] = 100,
    milvus_url: Annotated[str, typer.Option(help="A Milvus; Milvus Lite when empty.")] = "",
) -> None:
    """Measure engines side by side."""
    console = Console()
    figures: list[Figure] = []
    wanted = engines.split(",")
    server = nullcontext(database_url) if database_url else running_server()
    needs_lite = MILVUS in wanted and not milvus_url
    milvus = milvus_lite() if needs_lite else nullcontext(milvus_url)
    with tempfile.TemporaryDirectory() as folder, server as url, milvus as at:
        for engine in wanted:
            place = Place(engine, Path(folder), url, at)
            figures += _growth(place, chunks, queries, console)
            figures += _together(place, bases, per_base, queries, console)
    console.print(table(figures))
    write(figures, REPORT)


def _growth(place: Place, chunks: int, asked: int, console: Console) -> list[Figure]:
    figures: list[Figure] = []
    medians = []
    for step in _STEPS:
        size = chunks // step
        corpus = SyntheticVectors(size, DIM)
        name = f"growth-{size}"
        took_s = _built(place, name, corpus)
        console.print(f"{place.engine}: {size} vectors built in {took_s:.0f} s", highlight=False)
        queries = corpus.queries(asked)
        searched = _in_a_process(place, [name], queries)
        recall = _recall(_exact(corpus, queries), searched.found)
        medians.append(float(np.median(searched.times_ms)))
        what = f"{place.engine}, {size} vectors"
        target = 60 if size == 1_000_000 else None
        p95 = percentile_95(searched.times_ms)
        detail = f"median {medians[-1]:.2f} ms, recall@10 {recall:.4f}, built in {took_s:.0f} s"
        figures += [
            Figure(f"{what}: p95", p95, "ms", target, detail),
            Figure(f"{what}: open, cold, and search once", searched.open_ms / 1000, "s", 10),
            Figure(f"{what}: memory of a process", searched.memory_mib, "MiB"),
        ]
        if step == _STEPS[-1]:
            figures += _side_by_side(place, what, name, queries)
        with place.opened() as engine:
            if isinstance(engine, PgVectorEngine):
                figures.append(_on_disk(place, what, name))
            engine.drop(name)
    sizes = np.array([chunks // step for step in _STEPS])
    exponent = float(np.polyfit(np.log(sizes), np.log(medians), 1)[0])
    figures.append(Figure(f"{place.engine}: exponent of the growth", exponent, ""))
    return figures


def _together(
    place: Place, bases: int, per_base: int, asked: int, console: Console
) -> list[Figure]:
    corpus = SyntheticVectors(bases * per_base, DIM)
    names = [f"base-{number}" for number in range(bases)]
    began = time.perf_counter()
    with place.opened() as engine:
        stores = [engine.create(name, DIM, _EMBEDDER) for name in names]
        for first, rows in corpus.batches():
            # One after the other, as topics of an index of its own would be.
            for number, store in enumerate(stores):
                mine = np.arange(number, len(rows), bases)
                store.upsert((first + mine).tolist(), rows[mine])
        for store in stores:
            store.optimise()
            store.save()
    took_s = time.perf_counter() - began
    console.print(f"{place.engine}: {bases} bases built in {took_s:.0f} s", highlight=False)
    queries = corpus.queries(asked)
    searched = _in_a_process(place, names, queries)
    recall = _recall(_exact(corpus, queries), searched.found)
    what = f"{place.engine}, {bases} bases of {per_base}, searched as one"
    detail = f"recall@10 {recall:.4f}, built in {took_s:.0f} s"
    return [
        of_many(what, searched.times_ms, "ms", detail=detail),
        Figure(f"{what}: memory of a process", searched.memory_mib, "MiB"),
    ]


def _built(place: Place, name: str, corpus: SyntheticVectors) -> float:
    """Seconds."""
    began = time.perf_counter()
    with place.opened() as engine:
        store = engine.create(name, corpus.dim, _EMBEDDER)
        for first, rows in corpus.batches():
            for begin in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[begin : begin + _ROWS_AT_ONCE]
                store.upsert(range(first + begin, first + begin + len(some)), some)
        store.optimise()
        store.save()
    return time.perf_counter() - began


def _side_by_side(place: Place, what: str, name: str, queries: Vectors) -> list[Figure]:
    """Memory of processes that all have the store open: what several of them share is divided among
    them."""
    spawning = multiprocessing.get_context("spawn")
    together: dict[int, float] = {}
    for count in _PROCESSES:
        all_there = spawning.Barrier(count)
        with spawning.Pool(count, _meet_at, (all_there,)) as pool:
            found = pool.starmap(_held, [(place, name, queries)] * count, chunksize=1)
        together[count] = sum(found)
    alone, most = together[1], _PROCESSES[-1]
    further = (together[most] - alone) / (most - 1)
    detail = ", ".join(f"{count}: {mib:.0f} MiB" for count, mib in together.items())
    what = f"{what}: each further process"
    if alone < _LEAST_MIB:
        return [Figure(what, further, "MiB", None, detail)]
    return [Figure(what, 100 * further / alone, "%", 15, detail)]


def _meet_at(all_there: Barrier) -> None:
    global _all_there  # noqa: PLW0603  # of a process of the pool
    _all_there = all_there


def _held(place: Place, name: str, queries: Vectors) -> float:
    """MiB that the store takes in this process, while the others have it as well."""
    with place.opened() as engine:
        _all_there.wait()
        before_mib = memory_mib(os.getpid())
        _all_there.wait()
        store = engine.open(name, DIM, _EMBEDDER)
        for number in range(len(queries)):
            _one(engine, [store], queries[number : number + 1])
        _all_there.wait()
        held_mib = memory_mib(os.getpid()) - before_mib
        _all_there.wait()
        return held_mib


def _in_a_process(place: Place, names: list[str], queries: Vectors) -> Searched:
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(1) as pool:
        return pool.apply(_search, (place, names, queries))


def _search(place: Place, names: list[str], queries: Vectors) -> Searched:
    with place.opened() as engine:
        before_mib = memory_mib(os.getpid())
        began = time.perf_counter()
        stores = [engine.open(name, DIM, _EMBEDDER) for name in names]
        _one(engine, stores, queries[:1])
        open_ms = (time.perf_counter() - began) * 1000
        times_ms, found = [], []
        for number in range(len(queries)):
            began = time.perf_counter()
            matches = _one(engine, stores, queries[number : number + 1])
            times_ms.append((time.perf_counter() - began) * 1000)
            found.append([match.id for match in matches[:NEAREST]])
        return Searched(open_ms, times_ms, found, memory_mib(os.getpid()) - before_mib)


def _one(engine: VectorEngine, stores: list[VectorStore], query: Vectors) -> list[Match]:
    """As the service searches: tables in one statement, stores of Milvus in one request, copies in
    this process one by one."""
    if isinstance(engine, PgVectorEngine):
        tables = [store for store in stores if isinstance(store, PgVectorStore)]
        return engine.search_all(tables, query, K)
    if isinstance(engine, MilvusEngine):
        return engine.search([s for s in stores if isinstance(s, MilvusStore)], query, K)
    found = [match for store in stores for match in store.search(query, K)[0]]
    return sorted(found, key=lambda match: (-match.score, match.id))[:K]


def _exact(corpus: SyntheticVectors, queries: Vectors) -> list[set[int]]:
    """Ids of the ten nearest of each query."""
    scores = np.full((len(queries), 0), 0, np.float32)
    ids = np.zeros((len(queries), 0), np.int64)
    for first, rows in corpus.batches():
        scores = np.hstack([scores, queries @ rows.T])
        numbers = np.broadcast_to(np.arange(first, first + len(rows)), (len(queries), len(rows)))
        ids = np.hstack([ids, numbers])
        best = np.argsort(-scores, axis=1)[:, :NEAREST]
        scores, ids = np.take_along_axis(scores, best, 1), np.take_along_axis(ids, best, 1)
    return [set(row.tolist()) for row in ids]


def _recall(exact: list[set[int]], found: list[list[int]]) -> float:
    hits = sum(len(wanted & set(row)) for wanted, row in zip(exact, found, strict=True))
    return hits / sum(map(len, exact))


def _on_disk(place: Place, what: str, name: str) -> Figure:
    query = (
        "SELECT sum(pg_total_relation_size(format('zhiwen_vectors.store_%%s', number)::regclass))"
        " FROM zhiwen_vectors.store WHERE name = %s"
    )
    database = Database(place.url)
    with database.read() as session:
        size = session.connection().exec_driver_sql(query, (name,)).scalar_one()
    database.dispose()
    return Figure(f"{what}: table and graph on disk", float(size) / (1 << 20), "MiB")


if __name__ == "__main__":
    typer.run(main)
