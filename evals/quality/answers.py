"""Answer evals: end-to-end answers of the real engine, scored against gold answers.

Some questions are also answered by the naive baseline (`naive`).
"""

from collections.abc import Collection, Sequence

from app.llm.messages import Message
from app.rag.answer import AnswerLine
from app.rag.language import language_of
from app.rag.types import Scope
from evals.catalogue import Eval
from evals.metrics.abstention import Asked, abstention
from evals.metrics.citations import check_citations, cited_gold
from evals.metrics.overlap import contains, overlap, without_markers
from evals.metrics.timings import stages
from evals.progress import Progress
from evals.quality.asking import Answered, ask
from evals.quality.naive import CHUNKS, ask_naively, score_naive
from evals.quality.retrieval import BASE
from evals.questions.bases import OpenBases
from evals.questions.sets import SORTS, Question, QuestionSet, draw
from evals.runs import Record, Run, Scores, mean_scores

# What the report and the figures show of the questions that nothing was chosen by.
_REPORTED_APART = ("contains_gold", "f1", "citation_precision", "words_hold", "passages_hold")


async def measure(
    run: Run, eval: Eval, asked: QuestionSet, opened: OpenBases, progress: Progress
) -> None:
    """Fills the run with records and metrics. The engine must be running."""
    base = opened.bases[BASE]
    line = opened.zhiwen.direct.answer_line
    naive = _asked_naively(asked.questions, eval)
    with progress.task("questions answered", len(asked.questions)) as advance:
        for question in asked.questions:
            history = await before(line, question, base.id)
            answered = await ask(line, question.text, [base.id], history)
            record = score(question, answered, eval, asked.file_names(question.gold))
            if question.id in naive:
                found = line.retriever.retrieve(question.text, Scope((base.id,)), CHUNKS)
                hits = found.hits[:CHUNKS]
                said = await ask_naively(line.model, question.text, hits)
                record.scores |= score_naive(said, hits, question)
                record.details["naive_answer"] = said
            run.records.append(record)
            advance()
    run.metrics = put_together(run.records, eval)
    run.timings = stages([record.timings_ms for record in run.records])


def _asked_naively(questions: Sequence[Question], eval: Eval) -> set[str]:
    chosen: set[str] = set()
    for sort in SORTS:
        of_that_sort = [each.id for each in questions if each.sort == sort]
        chosen.update(draw(of_that_sort, eval.naive, eval.seed))
    return chosen


async def before(line: AnswerLine, question: Question, base_id: str) -> tuple[Message, ...]:
    """The answered turn that a follow-up question refers to; empty for other questions."""
    if not question.after:
        return ()
    said = await ask(line, question.after, [base_id])
    return Message("user", question.after), Message("assistant", said.text)


def score(
    question: Question, answered: Answered, eval: Eval, gold_files: Collection[str] = ()
) -> Record:
    record = answered.record(question.id, question.text, question.answers, question.type)
    record.details |= {"sort": question.sort, "held_out": question.held_out}
    if "overlap" in eval.scored_by and question.answerable:
        language = language_of(question.text)
        record.scores |= overlap(answered.text, question.answers, language)
        if answered.raw:
            raw = overlap(without_markers(answered.raw), question.answers, language)
            record.scores |= {f"raw.{name}": value for name, value in raw.items()}
        if question.wrong:
            said = [contains(answered.text, each) for each in question.wrong]
            record.scores["contains_wrong"] = max(said)
        if gold_files:
            found = {passage.document_name for passage in answered.answer.passages}
            record.scores["gold_in_prompt"] = float(not found.isdisjoint(gold_files))
    if "citations" in eval.scored_by and not answered.refused:
        answer = answered.answer
        checked = check_citations(answer.text, answer.passages, answer.checks)
        record.scores |= checked.scores()
        record.details["sentences"] = [checked.statements, checked.cited, checked.supported]
        if record.scores.get("contains_gold"):
            record.scores |= cited_gold(answer, question.answers)
    if "abstention" in eval.scored_by:
        # one column for both sorts: 1 if answering or refusing was correct
        right = answered.refused != question.answerable
        record.scores["decided_rightly"] = float(right)
    return record


def put_together(records: Sequence[Record], eval: Eval) -> Scores:
    """Means over questions; citations over all sentences, abstention by sort. `held_out.…` is of
    the part that nothing was chosen by."""
    found = _means(records, eval)
    kept = [record for record in records if record.details.get("held_out")]
    if 0 < len(kept) < len(records):
        apart = _means(kept, eval)
        found |= {f"held_out.{k}": apart[k] for k in _REPORTED_APART if k in apart}
    if "abstention" in eval.scored_by:
        found |= abstention(decisions(records))
    return found


def _means(records: Sequence[Record], eval: Eval) -> Scores:
    metrics = mean_scores(records) | _by_type(records)
    if "citations" in eval.scored_by:
        sentences = [r.details["sentences"] for r in records if "sentences" in r.details]
        statements, cited, supported = (
            (sum(column) for column in zip(*sentences, strict=True)) if (sentences) else (0, 0, 0)
        )
        metrics["citation_precision"] = supported / cited if cited else 0.0
        metrics["citation_recall"] = cited / statements if statements else 0.0
        for name in ("markers_nowhere", "naive.markers_nowhere"):
            if name in metrics:
                metrics[name] = sum(record.scores.get(name, 0.0) for record in records)
    prompted = [r.details["prompt_tokens"] for r in records if r.details["prompt_tokens"]]
    metrics["prompt_tokens"] = sum(prompted) / len(prompted) if prompted else 0.0
    return metrics


def _by_type(records: Sequence[Record]) -> Scores:
    """`contains_gold` by type of question, if the set has types."""
    right: dict[str, list[float]] = {}
    for record in records:
        if record.type and "contains_gold" in record.scores:
            right.setdefault(record.type, []).append(record.scores["contains_gold"])
    return {f"contains_gold.{name}": sum(found) / len(found) for name, found in right.items()}


def decisions(records: Sequence[Record]) -> list[Asked]:
    """The refusal decision for each question."""
    return [
        Asked(
            r.details["sort"],
            r.details["confidence"],
            r.details["refused"],
            r.details["held_out"],
        )
        for r in records
        if "sort" in r.details
    ]
