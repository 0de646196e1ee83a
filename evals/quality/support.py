"""Support evals: does the checker tell true statements from false ones? They need the embedder.

True are evidence sentences, and the gold answers to questions, which are often bare, over the
passage with the evidence. False is the same statement with another number, date or name, or denied,
and the statement as it is over passages near by that lack its evidence. The built-in set has pairs
of sentences in two languages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.rag.grounding.check import Checker
from app.rag.types import Check, Passage
from evals.catalogue import Eval
from evals.metrics.evidence import evidence_recall
from evals.progress import Progress
from evals.questions.changes import changed
from evals.questions.sets import OWN_SETS, Document, Question, held_out, load_set, read_rows
from evals.runs import Record, Run, Scores

Kind = Literal["true", "number", "date", "name", "negation", "near"]

_PASSAGE_CHARS = 400
_SCORES = {"supported": 1.0, "computed": 0.9, "no_statement": 0.5, "unsupported": 0.2}


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement over its sources. `across`: they are in another language."""

    id: str
    kind: str
    text: str
    passages: tuple[Passage, ...]
    question: str = ""
    across: bool = False
    held_out: bool = False


def load(data: Path, eval: Eval, *, limit: int = 0) -> list[Claim]:
    """Raises NoData, BadData."""
    if eval.own:
        return list(_pairs(OWN_SETS / eval.set))
    asked = load_set(data, eval.model_copy(update={"questions": 0}))
    documents = {document.id: document for document in asked.documents}
    names = sorted({document.title for document in asked.documents}, key=len, reverse=True)
    usable = [q for q in asked.questions if len(q.gold) == 1 and q.evidence and _short(q)]
    most = min(limit or eval.questions, eval.questions) or len(usable)
    step = max(1, len(usable) // most)
    return [
        claim
        for question in usable[::step][:most]
        for claim in _claims(question, documents[question.gold[0]], names)
    ]


def _short(question: Question) -> bool:
    """A single statement: a summary says many things."""
    return question.type in ("", "fact_based")


def _claims(question: Question, document: Document, names: Sequence[str]) -> Iterator[Claim]:
    passages = list(_cut(document))
    with_it = [p for p in passages if evidence_recall(question.evidence, [p.text]) == 1]
    near = [p for p in passages if not _shares(p, question.evidence)]
    if not with_it or len(near) < 2:
        return
    sources = (with_it[0], *near[:1])
    said = {"sentence": (question.evidence[0], ""), "answer": (question.answers[0], question.text)}
    for form, (statement, asked) in said.items():
        made = [("true", statement, sources), ("near", statement, tuple(near[:2]))]
        made += [(kind, false, sources) for kind, false in changed(statement, names)]
        for kind, text, over in made:
            id_ = f"{question.id}-{form}-{kind}"
            yield Claim(id_, kind, text, over, asked, held_out=question.held_out)


def _shares(passage: Passage, evidence: Sequence[str]) -> bool:
    return any(evidence_recall([sentence], [passage.text]) for sentence in evidence)


def _cut(document: Document) -> Iterator[Passage]:
    """Passages of whole lines and sentences, about as long as served ones."""
    text = document.content().decode()
    start = 0
    while start < len(text):
        end = min(len(text), start + _PASSAGE_CHARS)
        stop = max(text.rfind(mark, start, end) for mark in "。.\n")
        end = stop + 1 if stop > start and end < len(text) else end
        yield _passage(document.id, document.title, text[start:end], start)
        start = end


def _pairs(folder: Path) -> Iterator[Claim]:
    """Rows have `zh` and `en`, which mean the same, and `false_zh` and `false_en`, which differ in
    what `kind` says. Each is told over all the sentences of the other language near by."""
    rows = list(read_rows(folder / "pairs.jsonl", "id", "zh", "en", "false_zh", "false_en", "kind"))
    for row in rows:
        for own, other in (("zh", "en"), ("en", "zh")):
            around = [each[other] for each in rows if each["id"] != row["id"]][:3]
            with_it = _passage("d", "", "\n".join([*around[:2], row[other]]), 0)
            without = _passage("d", "", "\n".join(around), 0)
            for kind, text, source in (
                ("true", row[own], with_it),
                (row["kind"], row[f"false_{own}"], with_it),
                ("near", row[own], without),
            ):
                yield Claim(
                    f"{row['id']}-{own}-{kind}",
                    kind,
                    text,
                    (source,),
                    across=True,
                    held_out=held_out(row["id"]),
                )


def _passage(document_id: str, title: str, text: str, start: int) -> Passage:
    return Passage(
        1, document_id, f"{title or document_id}.md", "b", 0, text, start, start + len(text),
        title=title,
    )  # fmt: skip


def measure(run: Run, claims: Sequence[Claim], checker: Checker, progress: Progress) -> None:
    """Fills the run with records and metrics."""
    with progress.task("statements checked", len(claims)) as advance:
        for claim in claims:
            checks = checker.check(claim.question, claim.text, claim.passages)
            run.records.append(
                Record(
                    qid=claim.id,
                    question=claim.text,
                    type=claim.kind,
                    scores={"right": float(accepted(checks) == (claim.kind == "true"))},
                    details={
                        "score": score(checks),
                        "across": claim.across,
                        "held_out": claim.held_out,
                        "verdicts": [check.verdict for check in checks],
                    },
                )
            )
            advance()
    run.metrics = put_together(run.records)


def score(checks: Sequence[Check]) -> float:
    """0 to 1, of the statement that has least support."""
    return min((_SCORES.get(check.verdict, 0.0) for check in checks), default=0.5)


def accepted(checks: Sequence[Check]) -> bool:
    return score(checks) >= _SCORES["computed"]


def put_together(records: Sequence[Record]) -> Scores:
    """`auc` of true statements against all false ones, and the share of each kind that is caught.
    `held_out.…` is of the part that nothing was chosen by."""
    found = _rates(records)
    kept = [record for record in records if record.details["held_out"]]
    if 0 < len(kept) < len(records):
        found |= {f"held_out.{name}": value for name, value in _rates(kept).items()}
    return found


def _rates(records: Sequence[Record]) -> Scores:
    from sklearn.metrics import roc_auc_score

    true = [record for record in records if record.type == "true"]
    false = [record for record in records if record.type != "true"]
    if not true or not false:
        return {}
    labels = [1] * len(true) + [0] * len(false)
    scores = [record.details["score"] for record in (*true, *false)]
    found = {
        "support_auc": float(roc_auc_score(labels, scores)),
        "true_rejected": 1 - _right(true),
    }
    for kind in ("number", "date", "name", "negation", "near"):
        if of_kind := [record for record in false if record.type == kind]:
            found[f"caught.{kind}"] = _right(of_kind)
    return found


def _right(records: Sequence[Record]) -> float:
    return sum(record.scores["right"] for record in records) / len(records)
