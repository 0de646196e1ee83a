"""Question sets over a corpus: `corpus.jsonl` and `queries.jsonl` in a folder.

Corpus rows: `doc_id`, `title`, `text`. Query rows: `qid`, `question`, `answers`, `gold_doc_ids`,
`answerable`, and optionally `evidence`, `context_dependent`, `question_type`, `wrong` (text of a
wrong answer) and `after` (the question that this one follows up). A question that is not answerable
is a near miss: its document is there, but does not say it. The optional
`queries_out_of_corpus.jsonl` has questions on foreign topics, or near misses where a row says
`"near": true`. Built-in sets only have questions; their corpus is the sample base.

A third of the documents is held out, chosen by a hash of the id. No threshold and no rule is chosen
by the questions about them, which are reported apart.
"""

import hashlib
import json
import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from app.rag.retrieval.names import named_titles
from app.services.operations.samples import sample_files
from evals.catalogue import Eval
from evals.errors import BadData, NoData

OWN_SETS = Path(__file__).parents[1]
HELD_OUT = 3  # one document of so many

# near: about a document that is there; foreign: about none of them
Sort = Literal["answered", "near", "foreign"]
SORTS: tuple[Sort, ...] = get_args(Sort)

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


Document = SourceText | SourceFile


@dataclass(frozen=True, slots=True)
class Question:
    """`wrong`: text that a wrong answer contains. `after`: the question that this one follows
    up."""

    id: str
    text: str
    answers: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()  # documents that answer it, or that a near miss is about
    sort: Sort = "answered"
    held_out: bool = False
    evidence: tuple[str, ...] = ()  # sentences of those documents
    type: str = ""
    wrong: tuple[str, ...] = ()
    after: str = ""

    @property
    def answerable(self) -> bool:
        return self.sort == "answered"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """`digest` identifies documents and questions, so that runs can be compared."""

    documents: tuple[Document, ...]
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
    sorts = _questions(folder, documents)
    asked = {
        "answered": eval.questions or len(sorts["answered"]),
        "foreign": eval.unanswerable,
        "near": eval.near,
    }
    questions = [
        question
        for sort, count in asked.items()
        for question in draw(sorts[sort], _least(count, limit), eval.seed)
    ]
    if not questions:
        raise BadData(f"{folder.name} has no questions about its documents.")
    return QuestionSet(tuple(documents), tuple(questions), _digest(documents, questions))


def _sample_base() -> list[Document]:
    return [SourceFile(name, data) for name, data in sample_files()]


def _corpus(folder: Path) -> list[Document]:
    return [
        SourceText(row["doc_id"], row["title"], row["text"])
        for row in read_rows(folder / "corpus.jsonl", "doc_id", "title", "text")
    ]


def _questions(folder: Path, documents: Sequence[Document]) -> dict[str, list[Question]]:
    """By sort. If only part of the corpus is indexed, questions on the rest are foreign."""
    indexed = {document.id for document in documents}
    named = _Names(documents)
    found: dict[str, list[Question]] = {"answered": [], "near": [], "foreign": []}
    rows = read_rows(folder / "queries.jsonl", "qid", "question", "gold_doc_ids", "answerable")
    for row in rows:
        gold = row["gold_doc_ids"] or named.in_text(row["question"])
        if row.get("context_dependent") or not row["question"].strip() or not gold:
            continue
        if indexed.issuperset(gold):
            sort: Sort = "answered" if row["answerable"] else "near"
        elif indexed.isdisjoint(gold) and row["answerable"]:
            sort = "foreign"
        else:
            continue
        found[sort].append(_question(row, sort, gold))
    more = folder / "queries_out_of_corpus.jsonl"
    for row in read_rows(more, "qid", "question") if more.exists() else ():
        sort = "near" if row.get("near") else "foreign"
        found[sort].append(_question(row, sort, named.in_text(row["question"])))
    return found


class _Names:
    """The documents that a question names by their title: unanswerable ones list none."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._ids = {document.title: document.id for document in documents}

    def in_text(self, question: str) -> list[str]:
        return [self._ids[title] for title in named_titles(question, self._ids)]


def _question(row: dict[str, Any], sort: Sort, gold: Sequence[str]) -> Question:
    return Question(
        id=row["qid"],
        text=row["question"],
        answers=tuple(row.get("answers", ())) if sort == "answered" else (),
        gold=tuple(gold) if sort != "foreign" else (),
        sort=sort,
        held_out=held_out(gold[0] if gold else row["qid"]),
        evidence=tuple(row.get("evidence", ())),
        type=row.get("question_type", ""),
        wrong=tuple(row.get("wrong", ())),
        after=row.get("after", ""),
    )


def held_out(id_: str) -> bool:
    """Whether the document with this id belongs to the part that nothing is chosen by."""
    return int(hashlib.sha256(id_.encode()).hexdigest(), 16) % HELD_OUT == 0


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


def _digest(documents: Sequence[Document], questions: Sequence[Question]) -> str:
    hashed = hashlib.sha256()
    for item in (*documents, *questions):
        hashed.update(repr(item).encode())
    return hashed.hexdigest()[:16]
