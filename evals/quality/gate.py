"""Gate evals: what is refused before a model is asked. They need only the embedder.

Questions of three sorts: answered by the base, near misses, and foreign ones. `per_base` documents
make a base, so that it can be as small as one document; `background` is a foreign base that is
searched along.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.rag.answer import ANSWERABLE_FROM
from app.rag.types import Scope
from evals.catalogue import Eval
from evals.metrics.abstention import Asked, abstention
from evals.metrics.timings import stages
from evals.progress import Progress
from evals.questions import rgb
from evals.questions.bases import Contents, OpenBases
from evals.questions.sets import Document, Question, load_set
from evals.runs import Record, Run

BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class GateQuestion:
    question: Question
    base: str  # its name


@dataclass(frozen=True, slots=True)
class GateSet:
    contents: Contents
    questions: tuple[GateQuestion, ...]


def load(data: Path, eval: Eval, *, limit: int = 0) -> GateSet:
    """Raises NoData, BadData."""
    made = _rgb(data, eval, limit) if eval.set.endswith(".jsonl") else _corpus(data, eval, limit)
    if not eval.background:
        return made
    foreign = load_set(data, eval.model_copy(update={"set": eval.background, "near": 0}), limit=1)
    return replace(made, contents={**made.contents, BESIDE: _files(foreign.documents)})


def _corpus(data: Path, eval: Eval, limit: int) -> GateSet:
    asked = load_set(data, eval, limit=limit)
    per_base = eval.per_base or len(asked.documents)
    groups = [
        asked.documents[start : start + per_base]
        for start in range(0, len(asked.documents), per_base)
    ]
    base_of = {d.id: f"base{n}" for n, group in enumerate(groups) for d in group}
    own = [
        GateQuestion(q, base_of[q.gold[0]])
        for q in asked.questions
        if q.gold and len({base_of[id_] for id_ in q.gold}) == 1
    ]
    used = [f"base{n}" for n in range(len(groups))]
    if eval.per_base:
        used = list(dict.fromkeys(each.base for each in own))
    others = [q for q in asked.questions if q.sort == "foreign"]
    others += [replace(q, sort="near") for q in asked.questions if q.sort == "near" and not q.gold]
    others += _foreign(data, eval, limit)
    questions = own + [GateQuestion(q, used[n % len(used)]) for n, q in enumerate(others)]
    contents = {f"base{n}": _files(group) for n, group in enumerate(groups)}
    return GateSet({name: contents[name] for name in used}, tuple(questions))


def _rgb(data: Path, eval: Eval, limit: int) -> GateSet:
    rows = list(rgb.read(data / eval.set))
    rows = rows[: 2 * limit or None]
    contents = {question.id: _files(documents) for question, documents in rows}
    questions = [GateQuestion(question, question.id) for question, _ in rows]
    names = list(contents)
    others = _foreign(data, eval, limit)
    questions += [GateQuestion(q, names[n % len(names)]) for n, q in enumerate(others)]
    return GateSet(contents, tuple(questions))


def _foreign(data: Path, eval: Eval, limit: int) -> list[Question]:
    """Questions of another set."""
    if not eval.foreign:
        return []
    count = min(eval.unanswerable, limit or eval.unanswerable)
    other = Eval(
        about="", kind="gate", set=eval.foreign, language=eval.language, questions=count, seed=7
    )
    return [replace(q, sort="foreign", answers=()) for q in load_set(data, other).questions]


def _files(documents: Sequence[Document]) -> dict[str, bytes]:
    return {document.file_name: document.content() for document in documents}


def measure(run: Run, eval: Eval, asked: GateSet, opened: OpenBases, progress: Progress) -> None:
    """Fills the run with records and metrics."""
    opened.embedder.prepare([each.question.text for each in asked.questions], kind="query")
    line = opened.zhiwen.direct.answer_line
    beside = [opened.bases[BESIDE].id] if BESIDE in opened.bases else []
    with progress.task("questions searched", len(asked.questions)) as advance:
        for each in asked.questions:
            question = each.question
            base_ids = [opened.bases[each.base].id, *beside]
            found = line.retriever.retrieve(question.text, Scope(tuple(base_ids)), line.top_k)
            confidence = line.confidence(question.text, found)
            refused = confidence < ANSWERABLE_FROM
            run.records.append(
                Record(
                    qid=question.id,
                    question=question.text,
                    gold=list(question.answers),
                    type=question.sort,
                    scores={"decided_rightly": float(refused != question.answerable)},
                    details={
                        "sort": question.sort,
                        "held_out": question.held_out,
                        "confidence": confidence,
                        "refused": refused,
                    },
                    timings_ms=found.timings_ms,
                )
            )
            advance()
    run.metrics = abstention([_asked(record) for record in run.records])
    run.timings = stages([record.timings_ms for record in run.records])


def _asked(record: Record) -> Asked:
    return Asked(
        record.details["sort"],
        record.details["confidence"],
        record.details["refused"],
        record.details["held_out"],
    )
