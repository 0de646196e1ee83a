"""Bulk ingestion on Ray: `make bench-ray`, or `python -m evals.speed.bulk.bench_ray`.

Two questions: whether two readers on this machine are as fast as its worker, with the real model
and the sandbox on both sides; and how many readers one committing process keeps busy, with
scripted ones that take a fixed time in sleep.
"""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from app.config import Settings
from app.llm.scripted import ScriptedChatModel
from app.services.ingestion.reading_ahead import ReadingAhead
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import Zhiwen, build
from app.wiring.models import build_embedder, model_store
from app.worker.on_ray.bulk import Bulk
from app.worker.on_ray.cluster import LOCAL, Node, connected, start_nodes
from app.worker.on_ray.reader import Known, make_reader, sent_settings
from evals.figures import Figure, table, write
from evals.local import ingestion_of
from evals.models import obtain_models
from evals.speed.bulk.scripted import ScriptedEmbedder, scripted_nodes
from evals.speed.synthetic import generate
from ingest.embedding.embedder import Embedder
from ingest.sandbox.sandbox import Sandbox

_WORKER = "bench"
_READERS = 2
_ROUNDS = 3
_PASSAGES_PER_FILE = 4
_SIMULATED = (1, 2, 4, 8, 16, 32, 64)
_READ_S = 0.25  # a scripted reader's time for a document
_LEAST, _MOST = 16, 400  # documents of a run


def main(
    documents: Annotated[int, typer.Option(min=4, help="For the real readers; 0 = skip.")] = 48,
    simulated: Annotated[bool, typer.Option(help="Also with scripted readers.")] = True,
    real: Annotated[bool, typer.Option(help="Also with the real model.")] = True,
    report: Annotated[Path, typer.Option(help="Figures as JSON.")] = Path("build/bench-ray.json"),
) -> None:
    # Ray starts readers with niceness 15, so that people's questions go first. Here they are
    # compared with a worker that has none, on a machine where other work may run.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  # as Ray writes it
    given = Settings()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="zhiwen-bench-") as temporary:
        changes = {"models_dir": given.models_path.absolute()}
        settings = given.model_copy(update=changes)
        with connected(LOCAL, _READERS):
            if real:
                figures += _against_the_worker(settings, Path(temporary) / "real", documents)
                Console().print(table(figures))
            if simulated:
                figures += _many_readers(settings, Path(temporary) / "scripted")
    Console().print(table(figures))
    write(figures, report)


def _against_the_worker(settings: Settings, folder: Path, documents: int) -> list[Figure]:
    """Both warm, in turns: the speed of a shared machine changes within seconds."""
    settings = settings.model_copy(update={"data_dir": folder})
    obtain_models(settings, embedder_only=True)
    embedder = build_embedder(settings, model_store(settings), threads=settings.embed_threads)
    zhiwen = _zhiwen(settings, embedder)
    make = partial(make_reader, sent_settings(settings, embedder.name), settings.models_path)
    nodes = start_nodes(_READERS, make, Known.of(embedder))
    files = generate(documents * _PASSAGES_PER_FILE, 1, passages_per_file=_PASSAGES_PER_FILE).files
    with Sandbox() as sandbox:
        worker_s, ray_s = [], []
        for number in range(_ROUNDS + 1):
            _upload(zhiwen, f"worker {number}", files)
            worker_s.append(_by_worker(zhiwen, sandbox))
            _upload(zhiwen, f"ray {number}", files)
            ray_s.append(_by_nodes(zhiwen, nodes))
    zhiwen.db.dispose()
    first_loads = 1  # models and parsers, on both sides
    worker, ray = median(worker_s[first_loads:]), median(ray_s[first_loads:])
    detail = f"{len(files)} documents, median of {_ROUNDS} rounds"
    return [
        Figure("the worker", worker, "s", None, detail),
        Figure(f"{_READERS} readers on Ray", ray, "s", None, detail),
        Figure("Ray over the worker", ray / worker, "×", 1.0),
    ]


def _many_readers(settings: Settings, folder: Path) -> list[Figure]:
    settings = settings.model_copy(update={"data_dir": folder, "embedder": "hashing"})
    zhiwen = _zhiwen(settings, ScriptedEmbedder())
    (text,) = generate(
        2 * _PASSAGES_PER_FILE, 1, passages_per_file=2 * _PASSAGES_PER_FILE
    ).files.values()
    figures = []
    nodes = scripted_nodes(_SIMULATED[-1], _READ_S, text + b"\n\nfirst\n")
    for readers in _SIMULATED:
        count = min(max(_LEAST, 12 * readers), _MOST)
        # contents differ, as equal ones would be one document
        files = {f"{n}.md": text + f"\n\n{readers}/{n}\n".encode() for n in range(count)}
        base_id = _upload(zhiwen, f"{readers} readers", files)
        took_s = _by_nodes(zhiwen, nodes[:readers])
        chunks = zhiwen.bases.get(ME, base_id).chunk_count
        ideal = readers / _READ_S
        detail = (
            f"{count} documents, {chunks} chunks; {100 * count / took_s / ideal:.0f} % of ideal"
        )
        figures.append(
            Figure(f"{readers} scripted readers", count / took_s, "documents/s", None, detail)
        )
    zhiwen.db.dispose()
    return figures


def _zhiwen(settings: Settings, embedder: Embedder) -> Zhiwen:
    zhiwen = build(
        settings.model_copy(update={"sample_base": False}),
        embedder=embedder,
        model=ScriptedChatModel(),
    )
    zhiwen.prepare()
    return zhiwen


def _upload(zhiwen: Zhiwen, base: str, files: Mapping[str, bytes]) -> str:
    base_id = zhiwen.bases.create(ME, base).base.id
    for name, data in files.items():
        zhiwen.documents.accept_bytes(ME, base_id, name, data)
    return base_id


def _by_worker(zhiwen: Zhiwen, sandbox: Sandbox) -> float:
    """Seconds of the worker's reader, once it is warm."""
    ahead = ReadingAhead(replace(ingestion_of(zhiwen), parse=sandbox.parse), _WORKER)
    began = time.perf_counter()
    ahead.run(lambda resting_s: resting_s > 0 and not zhiwen.jobs.waiting())
    return time.perf_counter() - began


def _by_nodes(zhiwen: Zhiwen, nodes: Sequence[Node]) -> float:
    """Seconds of readers that are there."""
    bulk = Bulk(ingestion_of(zhiwen), nodes, _WORKER, poll_s=0.02)
    began = time.perf_counter()
    bulk.run(lambda: not zhiwen.jobs.waiting())
    return time.perf_counter() - began


if __name__ == "__main__":
    typer.run(main)
