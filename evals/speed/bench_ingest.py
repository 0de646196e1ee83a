"""Ingestion benchmark: `python -m evals.speed.bench_ingest`.

Uses generated passages (`synthetic.py`), in one run on one machine. Compares the whole pipeline
with embedding alone; embedding with plain sentence-transformers (float32, batches of 32 in order),
in time and in nDCG@10, where the chunks a question was taken from are correct; and measures the
load on the rest of the service (`evals.speed.ingest_load`), and when each of twelve files is ready
that are uploaded together (`evals.speed.together`).
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Annotated, TypeVar

import numpy as np
import typer
from rich.console import Console
from sqlmodel import select

from app.config import Settings
from app.db.tables import StoredChunk, StoredDocument
from app.llm.scripted import ScriptedChatModel
from app.services.ingestion.reading_ahead import ReadingAhead
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import Zhiwen, build
from app.wiring.models import build_embedder, embedder_name, model_store
from evals.figures import Figure, table, write
from evals.local import ingestion_of
from evals.metrics.ranking import document_scores
from evals.models import obtain_models
from evals.speed.ingest_load import unchanged_folder, while_reading
from evals.speed.processes import children, processor_s
from evals.speed.synthetic import generate
from evals.speed.together import twelve_together
from ingest.chunking.chunk import indexed_text
from ingest.embedding.embedder import Embedder, Vectors
from ingest.sandbox.sandbox import Sandbox

_NAIVE_BATCH = 32
_TOP = 10
_SEARCHES = 100
_WORKER = "bench"
_ROUNDS = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Took:
    """Wall-clock time, and CPU time of this process and its children."""

    wall_s: float
    cpu_s: float

    def __add__(self, other: "Took") -> "Took":
        return Took(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def part(self, of: int) -> "Took":
        return Took(self.wall_s / of, self.cpu_s / of)

    @property
    def detail(self) -> str:
        return f"{self.cpu_s:.1f} s of processor time"


def main(
    passages: Annotated[int, typer.Option(min=2, help="Generated passages.")] = 1000,
    files: Annotated[int, typer.Option(help="Of the folder that is read twice.")] = 1000,
    together: Annotated[bool, typer.Option(help="Only twelve files together.")] = False,
    report: Annotated[Path, typer.Option(help="Figures as JSON.")] = Path(
        "build/bench-ingest.json"
    ),
) -> None:
    given = Settings()
    with tempfile.TemporaryDirectory(prefix="zhiwen-bench-") as temporary:
        folder = Path(temporary)
        changes = {"data_dir": folder, "models_dir": given.models_path.absolute()}
        settings = given.model_copy(update=changes)
        obtain_models(settings, embedder_only=True)
        embedder = build_embedder(settings, model_store(settings), threads=settings.embed_threads)
        embedder.embed(["知问"], kind="query")
        figures = twelve_together(settings, folder / "together", embedder)
        if not together:
            figures += _pipeline(settings, embedder, passages)
        if files and not together:
            small = generate(files, 1, seed=2, passages_per_file=1).files
            figures.append(unchanged_folder(settings, folder / "again", small))
    Console().print(table(figures))
    write(figures, report)


def _pipeline(settings: Settings, embedder: Embedder, passages: int) -> list[Figure]:
    """Compared with embedding alone and with sentence-transformers, and its load on the rest."""
    corpus = generate(passages, passages)
    zhiwen = build(settings, embedder=embedder, model=ScriptedChatModel())
    zhiwen.prepare()
    # the first documents load the libraries
    _read_all(zhiwen, zhiwen.bases.create(ME, "first").base.id, generate(20, 1, seed=3).files)
    pipeline, alone = Took(0, 0), Took(0, 0)
    # alternating, since the speed of a shared machine changes within seconds
    for number in range(_ROUNDS):
        base_id = zhiwen.bases.create(ME, f"bench {number}").base.id
        pipeline += _read_all(zhiwen, base_id, corpus.files)
        chunks = _chunks(zhiwen, base_id)
        texts = list(chunks.values())
        ours, took = timed(partial(embedder.embed, texts, kind="document"))
        alone += took
    pipeline, alone = pipeline.part(_ROUNDS), alone.part(_ROUNDS)
    more_cpu = f"processor time {100 * (pipeline.cpu_s / alone.cpu_s - 1):+.0f} %"
    added = 100 * (pipeline.wall_s / alone.wall_s - 1)
    questions = corpus.questions
    more_files = generate(passages, 1, seed=1).files
    figures = [
        Figure("chunks", len(texts), ""),
        Figure("embedding alone", alone.wall_s, "s", None, alone.detail),
        Figure("pipeline", pipeline.wall_s, "s", None, pipeline.detail),
        Figure("the pipeline adds", added, "%", 15, more_cpu),
        *_against_naive(settings, embedder, chunks, ours, questions, alone),
        *while_reading(settings, zhiwen, base_id, questions[:_SEARCHES], more_files),
    ]
    zhiwen.db.dispose()
    return figures


def timed(work: Callable[[], T]) -> tuple[T, Took]:
    cpu_s, began = _cpu_s(), time.perf_counter()
    result = work()
    return result, Took(time.perf_counter() - began, _cpu_s() - cpu_s)


def _cpu_s() -> float:
    alive = sum(processor_s(pid) for pid in children(os.getpid()))
    return sum(os.times()[:4]) + alive


def _read_all(zhiwen: Zhiwen, base_id: str, files: Mapping[str, bytes]) -> Took:
    """Ingests the files like a warm worker. Raises RuntimeError if a document cannot be read."""
    for name, data in files.items():
        zhiwen.documents.accept_bytes(ME, base_id, name, data)
    with Sandbox() as sandbox:
        sandbox.parse(b"# first", "first.md")  # its process starts at the first file
        ahead = ReadingAhead(replace(ingestion_of(zhiwen), parse=sandbox.parse), _WORKER)
        _, took = timed(
            lambda: ahead.run(lambda resting_s: resting_s > 0 and not zhiwen.jobs.waiting())
        )
    summary = zhiwen.bases.get(ME, base_id)
    if summary.ready_count != len(files):
        raise RuntimeError(f"{len(files) - summary.ready_count} documents could not be read")
    return took


def _chunks(zhiwen: Zhiwen, base_id: str) -> dict[str, str]:
    """The embedded text of each chunk by id, in order."""
    with zhiwen.db.read() as session:
        rows = session.exec(
            select(StoredChunk.id, StoredDocument.title, StoredChunk.headings, StoredChunk.text)
            .join(StoredDocument)
            .where(StoredChunk.base_id == base_id)
            .order_by(StoredChunk.id)  # type: ignore[arg-type]  # a column
        )
        return {
            str(id_): indexed_text(title, tuple(headings), text)
            for id_, title, headings, text in rows
        }


def _against_naive(
    settings: Settings,
    embedder: Embedder,
    chunks: Mapping[str, str],
    ours: Vectors,
    questions: Sequence[str],
    alone: Took,
) -> list[Figure]:
    """Compares time and nDCG with plain sentence-transformers on the same texts."""
    store = model_store(settings)
    name = embedder_name(settings, store)
    if name == "hashing":
        return []
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(store.path(name)), device="cpu")
    query_prompt, prompt = ("query: ", "passage: ") if "e5" in name else ("", "")

    def naive(texts: Sequence[str]) -> Vectors:
        parts = [
            model.encode(
                list(texts[begin : begin + _NAIVE_BATCH]),
                batch_size=_NAIVE_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            for begin in range(0, len(texts), _NAIVE_BATCH)
        ]
        return np.concatenate(parts)

    theirs, took = timed(lambda: naive([prompt + text for text in chunks.values()]))
    asked = naive([query_prompt + question for question in questions])
    naive_ndcg = _ndcg(chunks, questions, asked @ theirs.T)
    ndcg = _ndcg(chunks, questions, embedder.embed(questions, kind="query") @ ours.T)
    return [
        Figure("naive: float32, batches of 32 in their order", took.wall_s, "s", None, took.detail),
        Figure(
            "embedding alone, of the naive time",
            100 * alone.wall_s / took.wall_s,
            "%",
            100 / 3,
            f"{took.wall_s / alone.wall_s:.1f} × as fast; by processor time "
            f"{took.cpu_s / alone.cpu_s:.1f} ×",
        ),
        Figure(
            f"nDCG@{_TOP} lost against naive",
            100 * (1 - ndcg / naive_ndcg),
            "%",
            0.5,
            f"{ndcg:.4f}, naive {naive_ndcg:.4f}",
        ),
    ]


def _ndcg(chunks: Mapping[str, str], questions: Sequence[str], scores: Vectors) -> float:
    """Mean nDCG of the `_TOP` best per row of `scores`, `(questions, chunks)`. A question is a run
    of words, and the chunks that contain it are correct; runs split between chunks are ignored."""
    ids = list(chunks)
    gold: dict[str, list[str]] = {}
    ranked: dict[str, list[str]] = {}
    for question, row in zip(questions, scores, strict=True):
        right = [id_ for id_, text in chunks.items() if question[:-1] in text]
        if right:
            gold[question] = right
            ranked[question] = [ids[column] for column in np.argsort(-row)[:_TOP]]
    return fmean(each[f"nDCG@{_TOP}"] for each in document_scores(gold, ranked).values())


if __name__ == "__main__":
    typer.run(main)
