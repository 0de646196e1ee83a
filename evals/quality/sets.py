"""Question sets over a corpus: `corpus.jsonl` and `queries.jsonl` in a folder.

Corpus rows: `doc_id`, `title`, `text`. Query rows: `qid`, `question`, `answers`, `gold_doc_ids`,
`answerable`, and optionally `evidence`, `context_dependent`, `question_type`, `wrong` (text of a
wrong answer) and `after` (the question that this one follows up). The optional
`queries_out_of_corpus.jsonl` has questions that the corpus does not answer. Built-in sets only have
questions; their corpus is the sample base.
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
        """The text below its title as heading, with Markdown syntax escaped."""
        heading = f"# {_MARKS.sub(_ESCAPED, self.title)}\n\n" if self.title else ""
        return f"{heading}{_MARKS.sub(_ESCAPED, self.text)}\n".encode()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An original file of any format; its name is its id."""

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
    """`wrong`: text that a wrong answer contains. `after`: the question that this one follows
    up."""

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
    """`digest` identifies documents and questions, so that runs can be compared."""

    documents: tuple[SourceText | SourceFile, ...]
    questions: tuple[Question, ...]
    digest: str

    def file_names(self, ids: Collection[str]) -> set[str]:
        """File names of the documents with these ids."""
        return {document.file_name for document in self.documents if document.id in ids}


def load_set(data: Path, eval: Eval, *, limit: int = 0) -> QuestionSet:
    """Samples the eval's set below `data`, or a built-in one; at most `limit` questions per sort.

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
        raise BadData(f"{folder.name} has no questions about its documents.")
    return QuestionSet(tuple(documents), tuple(questions), _digest(documents, questions))


def _sample_base() -> list[SourceText | SourceFile]:
    return [SourceFile(name, data) for name, data in sample_files()]


def _corpus(folder: Path) -> list[SourceText | SourceFile]:
    return [
        SourceText(row["doc_id"], row["title"], row["text"])
        for row in read_rows(folder / "corpus.jsonl", "doc_id", "title", "text")
    ]


def _questions(folder: Path, indexed: set[str]) -> tuple[list[Question], list[Question]]:
    """Questions that the indexed documents answer, and questions that they do not.

    Questions only known to be unanswerable from their own paragraph are skipped, since another one
    may answer them. If only part of the corpus is indexed, questions on the rest are unanswerable.
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
    """A random sample of up to `count` items, in their original order."""
    if count >= len(items):
        return list(items)
    places = sorted(random.Random(seed).sample(range(len(items)), count))
    return [items[place] for place in places]


def read_rows(path: Path, *fields: str) -> Iterator[dict[str, Any]]:
    """Reads one object per line, with the required fields. Raises NoData, BadData."""
    if not path.is_file():
        raise NoData(
            f"{path.parent.name}/{path.name} does not exist; set the data folder with --data."
        )
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise BadData(f"{path.name}, line {number}: not JSON") from error
            missing = [name for name in fields if name not in row]
            if missing:
                raise BadData(f"{path.name}, line {number}: missing {', '.join(missing)}")
            yield row


def _digest(documents: Sequence[SourceText | SourceFile], questions: Sequence[Question]) -> str:
    hashed = hashlib.sha256()
    for item in (*documents, *questions):
        hashed.update(repr(item).encode())
    return hashed.hexdigest()[:16]
