"""Retrieval evals: four search methods per question; `margin` is the gain of `fused`, the served
search, over the better of its two halves."""

from collections.abc import Sequence

from evals.catalogue import Eval
from evals.metrics.evidence import evidence_recall
from evals.metrics.ranking import MEASURES, document_scores, first_seen
from evals.metrics.timings import stages
from evals.progress import Progress
from evals.quality.ways import BUDGET_CHARS, CHUNKS, WAYS, Searched, searcher
from evals.questions.bases import OpenBases
from evals.questions.sets import Question, QuestionSet
from evals.runs import Record, Run, Scores, mean_scores

BASE = "corpus"

_EVIDENCE = (f"evidence@{CHUNKS}", f"evidence@{BUDGET_CHARS}")


def contents(asked: QuestionSet) -> dict[str, dict[str, bytes]]:
    """One base with a document per row of the corpus."""
    return {BASE: {document.file_name: document.content() for document in asked.documents}}


def measure(
    run: Run, eval: Eval, asked: QuestionSet, opened: OpenBases, progress: Progress
) -> None:
    """Fills the run with records and metrics."""
    with progress.task("questions embedded", 1):
        opened.embedder.prepare([question.text for question in asked.questions], kind="query")
    base = opened.bases[BASE]
    files = {document.id: document.file_name for document in asked.documents}
    # Rows with the same text are one document.
    names = {base.documents[files[id_]]: id_ for id_ in reversed(files)}
    # Follow-up questions cannot be searched on their own.
    questions = [question for question in asked.questions if not question.after]
    search = searcher(opened.zhiwen, base.id, eval.depth)
    documents: dict[str, dict[str, list[str]]] = {way: {} for way in WAYS}
    gold: dict[str, list[str]] = {}
    with progress.task("questions searched", len(questions)) as advance:
        for question in questions:
            right = first_seen([names[base.documents[files[id_]]] for id_ in question.gold])
            found = search(question.text)
            gold[question.id] = right
            for way in WAYS:
                ids = [passage.document_id for passage in found.rankings[way].passages]
                documents[way][question.id] = first_seen([names[id_] for id_ in ids])
            run.records.append(_record(question, right, found, eval))
            advance()
    if "documents" in eval.scored_by:
        _score_documents(run.records, gold, documents)
    run.metrics = _with_margins(mean_scores(run.records))
    run.timings = stages([record.timings_ms for record in run.records])


def _record(question: Question, right: list[str], found: Searched, eval: Eval) -> Record:
    record = Record(
        qid=question.id,
        question=question.text,
        gold=right,
        type=question.type,
        timings_ms=found.timings_ms,
    )
    if question.evidence and "evidence" in eval.scored_by:
        for way, ranking in found.rankings.items():
            for metric, texts in zip(_EVIDENCE, (ranking.first(), ranking.within()), strict=True):
                record.scores[f"{way}.{metric}"] = evidence_recall(question.evidence, texts)
    record.details["found"] = [
        {
            "document": passage.document_name.removesuffix(".md"),
            "start": passage.start,
            "score": passage.score,
            "dense": passage.trace.dense,
            "lexical": passage.trace.lexical,
        }
        for passage in found.rankings["fused"].passages[:CHUNKS]
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
    """Adds to each metric the gain of fused search over the better of its halves."""
    names = [name for name in (*MEASURES, *_EVIDENCE) if f"fused.{name}" in metrics]
    margins = {
        f"margin.{name}": metrics[f"fused.{name}"]
        - max(metrics[f"dense.{name}"], metrics[f"lexical.{name}"])
        for name in names
    }
    by_way = {f"{way}.{name}": metrics[f"{way}.{name}"] for way in WAYS for name in names}
    return {**by_way, **margins}
