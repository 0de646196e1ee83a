"""How fast documents become searchable: `python -m evals.bench_ingest`.

All on passages that a generator wrote (`evals.synthetic`), in one run and on one machine: the whole
pipeline against embedding the same chunks alone, that against sentence-transformers as it comes
(float32, 32 texts a batch in their order), search while the worker reads, what the worker weighs.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from sqlmodel import select

from app.config import Settings
from app.db.tables import StoredChunk, StoredDocument
from app.llm.scripted import ScriptedChatModel
from app.services.search import Search
from app.wiring import Zhiwen, build, build_embedder, embedder_name, model_store
from evals.figures import Figure, percentile_95, table, write
from evals.house import add_documents
from evals.processes import environment
from evals.synthetic import generate
from ingest.chunk import indexed_text
from ingest.embedder import Embedder, Vectors

_NAIVE_BATCH = 32
_TOP = 10


def main(
    passages: Annotated[int, typer.Option(help="Generated passages.")] = 1000,
    report: Annotated[Path, typer.Option(help="Figures as JSON.")] = Path("bench-ingest.json"),
) -> None:
    settings = Settings()
    corpus = generate(passages, min(100, passages))
    with tempfile.TemporaryDirectory(prefix="zhiwen-bench-") as folder:
        settings = settings.model_copy(
            update={"data_dir": Path(folder), "models_dir": settings.models_path}
        )
        embedder = build_embedder(settings, model_store(settings), threads=settings.embed_threads)
        embedder.embed(["知问"], kind="query")
        house = build(settings, embedder=embedder, model=ScriptedChatModel())
        house.prepare()
        began = time.perf_counter()
        base_id, _ = add_documents(house, "bench", corpus.files)
        pipeline_s = time.perf_counter() - began
        texts = _texts(house)
        began = time.perf_counter()
        vectors = embedder.embed(texts, kind="document")
        alone_s = time.perf_counter() - began
        figures = [
            Figure("chunks", len(texts), ""),
            Figure("pipeline", pipeline_s, "s"),
            Figure("embedding the same chunks alone", alone_s, "s"),
            Figure("the pipeline adds", 100 * (pipeline_s / alone_s - 1), "%", 15.0),
            *_against_naive(settings, embedder, texts, vectors, corpus.questions, alone_s),
            *_search_meanwhile(settings, house, base_id, corpus.questions, passages),
        ]
    Console().print(table(figures))
    write(figures, report)


def _texts(house: Zhiwen) -> list[str]:
    """What was embedded of each chunk, in their order."""
    with house.db.read() as session:
        rows = session.exec(
            select(StoredDocument.title, StoredChunk.headings, StoredChunk.text)
            .join(StoredChunk)
            .order_by(StoredChunk.id)  # type: ignore[arg-type]  # a column
        )
        return [indexed_text(title, tuple(headings), text) for title, headings, text in rows]


def _against_naive(
    settings: Settings,
    embedder: Embedder,
    texts: Sequence[str],
    ours: Vectors,
    questions: Sequence[str],
    alone_s: float,
) -> list[Figure]:
    """The same texts by sentence-transformers as it comes, and how far the results differ."""
    store = model_store(settings)
    name = embedder_name(settings, store)
    if name == "hashing":
        return []
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(store.path(name)), device="cpu")
    prompt = "passage: " if "e5" in name else ""
    began = time.perf_counter()
    parts = [
        model.encode(
            [prompt + text for text in texts[begin : begin + _NAIVE_BATCH]],
            batch_size=_NAIVE_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        for begin in range(0, len(texts), _NAIVE_BATCH)
    ]
    naive_s = time.perf_counter() - began
    queries = embedder.embed(questions, kind="query")
    kept = _overlap(queries @ ours.T, queries @ np.concatenate(parts).T)
    return [
        Figure("naive: float32, batches of 32 in their order", naive_s, "s"),
        Figure("ours takes of it", 100 * alone_s / naive_s, "%", 100 / 3),
        Figure(f"first {_TOP} of the naive vectors that ours lack", 100 * (1 - kept), "%", 0.5),
    ]


def _overlap(first: Vectors, second: Vectors) -> float:
    """Mean share of the `_TOP` best columns of each row that two score matrices have in common."""
    best = (np.argsort(-scores, axis=1)[:, :_TOP] for scores in (first, second))
    return float(np.mean([len(set(a) & set(b)) / _TOP for a, b in zip(*best, strict=True)]))


def _search_meanwhile(
    settings: Settings, house: Zhiwen, base_id: str, questions: Sequence[str], passages: int
) -> list[Figure]:
    """Search at rest, then while a worker process reads as many passages again."""
    idle_ms = [_search_ms(house.search, question, base_id) for question in questions]
    for name, data in generate(passages, 1, seed=1).files.items():
        house.documents.accept_bytes(base_id, f"second/{name}", data)
    drain = [sys.executable, "-m", "app.worker", "--drain", "bench"]
    values = {"data_dir": settings.data_dir, "models_dir": settings.models_path}
    busy_ms: list[float] = []
    worker = subprocess.Popen(drain, env=environment({**values, "worker_idle_s": 1}))
    while worker.poll() is None:
        question = questions[len(busy_ms) % len(questions)]
        busy_ms.append(_search_ms(house.search, question, base_id))
        time.sleep(0.1)
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    idle, busy = percentile_95(idle_ms), percentile_95(busy_ms)
    return [
        Figure("search at rest, p95", idle, "ms"),
        Figure("search while the worker reads, p95", busy, "ms", None, f"n = {len(busy_ms)}"),
        Figure("busy p95 over idle p95", busy / idle, "×", 3.0),
        Figure("worker at its largest", peak_mib, "MiB", 1536.0, f"{passages} passages"),
    ]


def _search_ms(search: Search, question: str, base_id: str) -> float:
    began = time.perf_counter()
    search.search(question, [base_id], 6)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    typer.run(main)
