"""Retrieval evals: every question searched in four ways, of one embedding.

`dense` and `lexical` are the halves alone, `rrf` their plain fusion (k = 60), `fused` the search
as it is served. `margin` is how far `fused` is above the better half.
"""

from collections.abc import Callable, Sequence

from app.rag.types import Passage
from app.services.search import Passages
from evals.bases import OpenBases
from evals.catalogue import Eval
from evals.evidence import evidence_recall, within_budget
from evals.progress import Progress
from evals.ranking import MEASURES, document_scores, first_seen, reciprocal_rank_fusion
from evals.runs import Record, Run, Scores, mean_scores
from evals.sets import Question, QuestionSet
from evals.timings import stages

WAYS = ("dense", "lexical", "rrf", "fused")
BASE = "corpus"
CHUNKS = 5
BUDGET_CHARS = 1500

Ranked = dict[str, Sequence[Passage]]  # way → passages, best first


def contents(asked: QuestionSet) -> dict[str, dict[str, bytes]]:
    """One base, one document a row of the corpus."""
    return {BASE: {document.file_name: document.to_markdown() for document in asked.documents}}


def measure(
    run: Run, eval: Eval, asked: QuestionSet, opened: OpenBases, progress: Progress
) -> None:
    """Fill the run with records and metrics."""
    with progress.task("questions embedded", 1):
        opened.embedder.prepare([question.text for question in asked.questions], kind="query")
    base = opened.bases[BASE]
    # Two rows of a corpus with the same text are one document.
    names = {id_: name.removesuffix(".md") for name, id_ in reversed(base.documents.items())}
    search = _searcher(opened, base.id, eval.depth)
    documents: dict[str, dict[str, list[str]]] = {way: {} for way in WAYS}
    gold: dict[str, list[str]] = {}
    with progress.task("questions searched", len(asked.questions)) as advance:
        for question in asked.questions:
            right = first_seen([names[base.documents[f"{id_}.md"]] for id_ in question.gold])
            ranked, timings = search(question.text)
            gold[question.id] = right
            for way in WAYS:
                found = first_seen([names[p.document_id] for p in ranked[way]])
                documents[way][question.id] = found
            run.records.append(_record(question, right, ranked, timings, eval))
            advance()
    if "documents" in eval.scored_by:
        _score_documents(run.records, gold, documents)
    run.metrics = _with_margins(mean_scores(run.records))
    run.timings = stages([record.timings_ms for record in run.records])


def _searcher(
    opened: OpenBases, base_id: str, depth: int
) -> Callable[[str], tuple[Ranked, Scores]]:
    house, passages = opened.house, Passages(opened.house.db)

    def search(question: str) -> tuple[Ranked, Scores]:
        served = house.search.search(question, [base_id], depth)
        vector = house.embedder.embed([question], kind="query")
        halves = {
            "dense": [match.id for match in house.indexes.search(vector, depth, [base_id])],
            "lexical": [match.id for match in passages.lexical(question, depth, [base_id])],
        }
        ids = {**halves, "rrf": reciprocal_rank_fusion(list(halves.values()))[:depth]}
        stored = passages.hydrate(list({id_ for ranking in ids.values() for id_ in ranking}))
        ranked: Ranked = {way: [stored[id_] for id_ in ranking] for way, ranking in ids.items()}
        return {**ranked, "fused": served.passages}, served.timings_ms

    return search


def _record(
    question: Question, right: list[str], ranked: Ranked, timings: Scores, eval: Eval
) -> Record:
    record = Record(
        qid=question.id,
        question=question.text,
        gold=right,
        type=question.type,
        timings_ms=timings,
    )
    if question.evidence and "evidence" in eval.scored_by:
        for way, passages in ranked.items():
            first = [passage.text for passage in passages[:CHUNKS]]
            packed = within_budget(passages, BUDGET_CHARS)
            record.scores[f"{way}.evidence@{CHUNKS}"] = evidence_recall(question.evidence, first)
            record.scores[f"{way}.evidence@{BUDGET_CHARS}"] = evidence_recall(
                question.evidence, packed
            )
    record.details["found"] = [
        {
            "document": passage.document_name.removesuffix(".md"),
            "start": passage.start,
            "score": passage.score,
            "dense": passage.trace.dense,
            "lexical": passage.trace.lexical,
        }
        for passage in ranked["fused"][:CHUNKS]
    ]
    return record


def _score_documents(
    records: Sequence[Record],
    gold: dict[str, list[str]],
    documents: dict[str, dict[str, list[str]]],
) -> None:
    for way in WAYS:
        scores = document_scores(gold, documents[way])
        for record in records:
            record.scores |= {f"{way}.{name}": v for name, v in scores[record.qid].items()}
    for record in records:
        record.details["ranks"] = {
            way: [
                documents[way][record.qid].index(right) + 1
                if right in documents[way][record.qid]
                else 0
                for right in record.gold
            ]
            for way in WAYS
        }


def _with_margins(metrics: Scores) -> Scores:
    """Metrics by way, and of each how far fused search is above the better of its halves."""
    ordered = (*MEASURES, f"evidence@{CHUNKS}", f"evidence@{BUDGET_CHARS}")
    names = [name for name in ordered if f"fused.{name}" in metrics]
    margins = {
        f"margin.{name}": metrics[f"fused.{name}"]
        - max(metrics[f"dense.{name}"], metrics[f"lexical.{name}"])
        for name in names
    }
    by_way = {f"{way}.{name}": metrics[f"{way}.{name}"] for way in WAYS for name in names}
    return {**by_way, **margins}
