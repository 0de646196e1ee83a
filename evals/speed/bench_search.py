"""Search benchmark for large bases: `python -m evals.speed.bench_search --chunks 100000`.

Uses generated Chinese and English passages, the real services and the hashing embedder: search time
does not depend on the model, and embedding of the query is not counted. Prints the time of each
stage and the share of the exact ten nearest neighbours that the index finds.
"""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from app.config import Settings
from app.db.tables import BaseGrant, Person
from app.llm.scripted import ScriptedChatModel
from app.services.library.bases import stored_base
from app.services.library.vectors import FIRST_PLACE, read_vectors
from app.services.people.access import LOCAL_OWNER as ME
from app.services.people.access import Access, Role
from app.wiring.application import Zhiwen, build
from evals.figures import Figure, of_many, percentile_95, table, write
from evals.local import add_documents
from evals.speed.synthetic import generate

REPORT = Path("build/bench-search.json")
QUESTIONS = 200
TOP_K = 6
_GRANTS = 500
_WITHHELD_ONE_IN = 20
_CHUNK_TOKENS = 160  # about one generated passage per chunk


def main(
    chunks: Annotated[int, typer.Option(min=100, help="Passages, about one chunk each.")] = 100_000,
) -> None:
    """Measure search in a base of that size."""
    console = Console()
    corpus = generate(chunks, QUESTIONS)
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(
            data_dir=Path(temporary),
            models_dir=Settings().models_path.absolute(),
            embedder="hashing",
            chunk_tokens=_CHUNK_TOKENS,
            sample_base=False,
        )
        zhiwen = build(settings, model=ScriptedChatModel())
        zhiwen.prepare()
        began = time.perf_counter()
        base_id, _ = add_documents(zhiwen, "bench", corpus.files)
        count = zhiwen.indexes.current(base_id).count()
        took_s = time.perf_counter() - began
        console.print(f"{count} chunks written in {took_s:.0f} s", highlight=False)
        figures = _measure(zhiwen, base_id, corpus.questions, count)
    console.print(table(figures))
    write(figures, REPORT)


def _measure(zhiwen: Zhiwen, base_id: str, questions: list[str], count: int) -> list[Figure]:
    zhiwen.search.search(ME, questions[0], [base_id], TOP_K)  # the first search opens the index
    totals: list[float] = []
    stages: dict[str, list[float]] = {}
    for question in questions:
        began = time.perf_counter()
        found = zhiwen.search.search(ME, question, [base_id], TOP_K)
        total = (time.perf_counter() - began) * 1000
        for stage, ms in found.timings_ms.items():
            stages.setdefault(stage, []).append(ms)
        totals.append(total - found.timings_ms["embed"])
    detail = f"median {np.median(totals):.1f} ms, {count} chunks, n = {len(totals)}"
    figures = [
        Figure("search, p95, query embedding aside", percentile_95(totals), "ms", 30, detail)
    ]
    figures += [of_many(f"  {stage}", values, "ms") for stage, values in stages.items()]
    missed = 100 * (1 - _recall(zhiwen, base_id, questions))
    figures.append(Figure("of the exact 10 nearest missed", missed, "%", 1))
    return figures + _for_people(zhiwen, base_id, questions)


def _for_people(zhiwen: Zhiwen, base_id: str, questions: list[str]) -> list[Figure]:
    """What it adds that a base is shared with 500 people, and that some of it is withheld from the
    one who searches: the same questions by the owner and by them, alternating."""
    with zhiwen.db.write() as session:
        for number in range(_GRANTS):
            id_ = f"person-{number}"
            session.add(Person(id=id_, name=id_, state="active"))
            session.add(
                BaseGrant(base_id=base_id, subject_kind="person", subject_id=id_, role=Role.READER)
            )
    reader = Access("person-0", "person-0", group_ids=frozenset(f"group-{n}" for n in range(20)))
    shared = _added(zhiwen, base_id, questions, reader)
    paths = [v.document.path for v in zhiwen.documents.page(ME, base_id, limit=500, offset=0)[0]]
    kept = max(1, len(paths) // _WITHHELD_ONE_IN)
    for path in paths[:kept]:
        zhiwen.sharing.restrict(ME, base_id, path, [])
    withheld = _added(zhiwen, base_id, questions, reader)
    return [
        of_many(f"added by {_GRANTS} grants", shared, "ms", 1),
        of_many(
            f"added where {kept} of the newest {len(paths)} files are withheld", withheld, "ms"
        ),
    ]


def _added(zhiwen: Zhiwen, base_id: str, questions: list[str], reader: Access) -> list[float]:
    taken: list[float] = []
    for question in questions:
        times = []
        for who in (ME, reader):
            began = time.perf_counter()
            zhiwen.search.search(who, question, [base_id], TOP_K)
            times.append((time.perf_counter() - began) * 1000)
        taken.append(times[1] - times[0])
    return taken


def _recall(zhiwen: Zhiwen, base_id: str, questions: list[str]) -> float:
    """Share of the exact ten nearest neighbours that the index finds."""
    with zhiwen.db.read() as session:
        base = stored_base(session, base_id)
        ids, vectors, _ = read_vectors(session, base, after=FIRST_PLACE, limit=10**9)
    queries = zhiwen.embedder.embed(questions, kind="query")
    exact = np.array(ids)[np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :10]]
    found = zhiwen.indexes.current(base_id).search(queries, 10)
    hits = [
        len({match.id for match in matches}.intersection(row.tolist()))
        for row, matches in zip(exact, found, strict=True)
    ]
    return sum(hits) / (10 * len(hits))


if __name__ == "__main__":
    typer.run(main)
