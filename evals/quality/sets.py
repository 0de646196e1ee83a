"""Question sets over a corpus: `corpus.jsonl` and `queries.jsonl` in a folder.

A line of the corpus: `doc_id`, `title`, `text`. A line of the queries: `qid`, `question`,
`answers`, `gold_doc_ids`, `answerable`, and where known `evidence`, `context_dependent`,
`question_type`, `wrong` (what a wrong answer would hold) and `after` (the question that this one
follows up). `queries_out_of_corpus.jsonl`, where there is one, holds questions that nothing in the
corpus answers. A set of our own has questions only; its corpus is the sample base.
"""

import hashlib
import json
import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.services.operations.samples import sample_files
from evals.catalogue import Eval
from evals.errors import BadData, NoData

OWN_SETS = Path(__file__).parents[1]

_MARKS = re.compile(r"([\\`*_<\[\]&#])")
_ESCAPED = r"\\\1"

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class SourceText:
    """A document of a corpus."""

    id: str
    title: str
    text: str

    @property
    def file_name(self) -> str:
        return f"{self.id}.md"

    def content(self) -> bytes:
        """The text under a heading of its title; what Markdown would read as a mark is escaped."""
        heading = f"# {_MARKS.sub(_ESCAPED, self.title)}\n\n" if self.title else ""
        return f"{heading}{_MARKS.sub(_ESCAPED, self.text)}\n".encode()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A document as it is, of any format; its name is its id."""

    file_name: str
    data: bytes

    @property
    def id(self) -> str:
        return self.file_name

    @property
    def title(self) -> str:
        return self.file_name

    def content(self) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True)
class Question:
    """`wrong`: what an answer holds that is about something else. `after`: the question that this
    one follows up."""

    id: str
    text: str
    answers: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()  # documents that answer it
    answerable: bool = True
    evidence: tuple[str, ...] = ()  # sentences of those documents
    type: str = ""
    wrong: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """`digest` is of the documents and questions, so that runs tell whether they saw the same."""

    documents: tuple[SourceText | SourceFile, ...]
    questions: tuple[Question, ...]
    digest: str

    def file_names(self, ids: Collection[str]) -> set[str]:
        """Of the documents with those ids."""
        return {document.file_name for document in self.documents if document.id in ids}


def load_set(data: Path, eval: Eval, *, limit: int = 0) -> QuestionSet:
    """What the eval draws from its set below `data`, or from our own; with `limit`, that many
    questions of each sort at most.

    Raises NoData, BadData.
    """
    folder = (OWN_SETS if eval.own else data) / eval.set
    documents = _sample_base() if eval.own else _corpus(folder)
    if eval.titles:
        titles = sorted({document.title for document in documents})
        chosen = set(draw(titles, eval.titles, eval.seed))
        documents = [document for document in documents if document.title in chosen]
    documents = documents[: eval.documents or None]
    inside, outside = _questions(folder, {document.id for document in documents})
    inside = draw(inside, _least(eval.questions or len(inside), limit), eval.seed)
    outside = draw(outside, _least(eval.unanswerable, limit), eval.seed)
    questions = [*inside, *outside]
    if not questions:
        raise BadData(f"{folder.name} has no question that can be asked of its documents.")
    return QuestionSet(tuple(documents), tuple(questions), _digest(documents, questions))


def _sample_base() -> list[SourceText | SourceFile]:
    return [SourceFile(name, data) for name, data in sample_files()]


def _corpus(folder: Path) -> list[SourceText | SourceFile]:
    return [
        SourceText(row["doc_id"], row["title"], row["text"])
        for row in read_rows(folder / "corpus.jsonl", "doc_id", "title", "text")
    ]


def _questions(folder: Path, indexed: set[str]) -> tuple[list[Question], list[Question]]:
    """Questions that the indexed documents answer, and questions that they don't.

    A question that is unanswerable of its own paragraph alone may be answered by another one, so
    those are neither; where a part of the corpus is indexed, questions on the rest are the latter.
    """
    rows = read_rows(folder / "queries.jsonl", "qid", "question", "gold_doc_ids", "answerable")
    asked = [_question(row) for row in rows if not row.get("context_dependent")]
    asked = [question for question in asked if question.answerable and question.text.strip()]
    inside = [q for q in asked if q.gold and indexed.issuperset(q.gold)]
    outside = [q for q in asked if q.gold and indexed.isdisjoint(q.gold)]
    more = folder / "queries_out_of_corpus.jsonl"
    if more.exists():
        outside += [_question(row) for row in read_rows(more, "qid", "question")]
    return inside, [Question(q.id, q.text, answerable=False, type=q.type) for q in outside]


def _question(row: dict[str, Any]) -> Question:
    return Question(
        id=row["qid"],
        text=row["question"],
        answers=tuple(row.get("answers", ())),
        gold=tuple(row.get("gold_doc_ids", ())),
        answerable=row.get("answerable", True),
        evidence=tuple(row.get("evidence", ())),
        type=row.get("question_type", ""),
        wrong=tuple(row.get("wrong", ())),
        after=row.get("after", ""),
    )


def _least(count: int, limit: int) -> int:
    return min(count, limit) if limit else count


def draw(items: Sequence[_Item], count: int, seed: int) -> list[_Item]:
    """`count` of them at random, or all where there are fewer, in the order they had."""
    if count >= len(items):
        return list(items)
    places = sorted(random.Random(seed).sample(range(len(items)), count))
    return [items[place] for place in places]


def read_rows(path: Path, *fields: str) -> Iterator[dict[str, Any]]:
    """One object a line, each with those fields. Raises NoData, BadData."""
    if not path.is_file():
        raise NoData(f"{path.parent.name}/{path.name} is not there; name the data with --data.")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise BadData(f"{path.name}, line {number}: no JSON") from error
            missing = [name for name in fields if name not in row]
            if missing:
                raise BadData(f"{path.name}, line {number}: no {', '.join(missing)}")
            yield row


def _digest(documents: Sequence[SourceText | SourceFile], questions: Sequence[Question]) -> str:
    hashed = hashlib.sha256()
    for item in (*documents, *questions):
        hashed.update(repr(item).encode())
    return hashed.hexdigest()[:16]
