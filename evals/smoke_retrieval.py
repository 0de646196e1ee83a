"""Does search find the passage that holds the answer? `python -m evals.smoke_retrieval FOLDER`.

The folder holds `corpus.jsonl` (doc_id, title, text) and `queries.jsonl` (qid, question,
gold_doc_ids, answerable, context_dependent). All passages go as Markdown files, several a file,
through the real services into a temporary knowledge base. A question is answered at k when a chunk
among the first k overlaps the gold passage's place in its file.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.config import Settings
from app.llm.scripted import ScriptedChatModel
from app.rag.types import Passage
from app.services.search import Passages
from app.wiring import Zhiwen, build
from evals.house import add_documents

KS = (1, 5)
PASSAGES_PER_FILE = 8
TARGET = 0.97  # of hybrid search at 5

_MARKS = re.compile(r"([\\`*_<\[\]&#])")
_ESCAPED = r"\\\1"

Rank = Callable[[str], Sequence[Passage]]  # question → passages, best first


@dataclass(frozen=True, slots=True)
class Place:
    """Characters `[start, end)` of a document's stored text."""

    document_name: str
    start: int
    end: int

    def holds(self, passage: Passage) -> bool:
        return (
            passage.document_name == self.document_name
            and passage.start < self.end
            and self.start < passage.end
        )


@dataclass(frozen=True, slots=True)
class Query:
    id: str
    question: str
    gold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """`ranks[qid]` counts from 1, of the first chunk of a gold passage; 0 where none was found."""

    way: str
    ranks: Mapping[str, int]

    def recall_at(self, k: int) -> float:
        return sum(0 < rank <= k for rank in self.ranks.values()) / len(self.ranks)


def read_queries(path: Path) -> list[Query]:
    """Questions that can be answered and stand on their own; rows without a question are not."""
    return [
        Query(row["qid"], row["question"], tuple(row["gold_doc_ids"]))
        for row in _rows(path)
        if row["question"].strip() and row["answerable"] and not row["context_dependent"]
    ]


def as_files(corpus: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """Passages by the name of the file that they go into."""
    starts = range(0, len(corpus), PASSAGES_PER_FILE)
    return {
        f"passages-{start // PASSAGES_PER_FILE:04}.md": list(
            corpus[start : start + PASSAGES_PER_FILE]
        )
        for start in starts
    }


def to_markdown(passages: Sequence[Mapping[str, str]]) -> str:
    """Each passage under a heading of its title; what Markdown would read as a mark is escaped."""
    return "\n".join(
        f"# {_MARKS.sub(_ESCAPED, row['title'])}\n\n{_MARKS.sub(_ESCAPED, row['text'])}\n"
        for row in passages
    )


def find_places(name: str, text: str, passages: Sequence[Mapping[str, str]]) -> dict[str, Place]:
    """Where each passage stands in the stored text, by letters and digits alone, since parsing
    changes spaces and marks. Raises ValueError for one that is not there."""
    squeezed, positions = _squeeze(text)
    places: dict[str, Place] = {}
    begin = 0
    for row in passages:
        wanted, _ = _squeeze(row["text"])
        at = squeezed.find(wanted, begin)
        if at < 0:
            raise ValueError(f"{row['doc_id']} is not in the text of {name}")
        begin = at + len(wanted)
        places[row["doc_id"]] = Place(name, positions[at], positions[begin - 1] + 1)
    return places


def ways(house: Zhiwen, base_id: str, top_k: int) -> dict[str, Rank]:
    """Hybrid search as it is served, and each of its halves alone."""
    passages = Passages(house.db)

    def hydrated(ids: Sequence[int]) -> list[Passage]:
        places = passages.locate(ids)
        keys = {(place.document_id, place.ordinal) for place in places.values()}
        found = {passage.chunk_id: passage for passage in passages.hydrate(keys)}
        return [found[id_] for id_ in ids]

    def hybrid(question: str) -> Sequence[Passage]:
        return house.search.search(question, [base_id], top_k).passages

    def dense(question: str) -> Sequence[Passage]:
        vector = house.embedder.embed([question], kind="query")
        return hydrated([match.id for match in house.indexes.search(vector, top_k, [base_id])])

    def lexical(question: str) -> Sequence[Passage]:
        return hydrated([match.id for match in passages.lexical(question, top_k, [base_id])])

    return {"hybrid": hybrid, "dense": dense, "lexical": lexical}


def rank_all(way: str, rank: Rank, queries: Sequence[Query], places: Mapping[str, Place]) -> Result:
    ranks = {}
    for query in track(queries, description=f"{way:8}", transient=True):
        gold = [places[id_] for id_ in query.gold]
        found = enumerate(rank(query.question), start=1)
        hits = (number for number, p in found if any(place.holds(p) for place in gold))
        ranks[query.id] = next(hits, 0)
    return Result(way, ranks)


def ingest_corpus(
    house: Zhiwen, corpus: Sequence[Mapping[str, str]]
) -> tuple[str, dict[str, Place]]:
    """The id of a new base with the whole corpus, and where each passage stands in it."""
    groups = as_files(corpus)
    contents = {name: to_markdown(passages).encode() for name, passages in groups.items()}
    base_id, documents = add_documents(house, "smoke", contents)
    places: dict[str, Place] = {}
    for name, document_id in documents.items():
        text = house.documents.text(document_id, 0, 2**31).text
        places |= find_places(name, text, groups[name])
    return base_id, places


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    failures: Annotated[
        Path | None, typer.Option(help="Write what hybrid misses, as JSON.")
    ] = None,
) -> None:
    """Measure search on a folder of passages and questions; exit code 1 below the target."""
    corpus = list(_rows(folder / "corpus.jsonl"))
    queries = read_queries(folder / "queries.jsonl")
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        given = Settings()
        changes = {
            "data_dir": Path(temporary),
            "models_dir": given.models_path.absolute(),
            "sample_base": False,
        }
        house = build(given.model_copy(update=changes), model=ScriptedChatModel())
        house.prepare()
        began = time.perf_counter()
        base_id, places = ingest_corpus(house, corpus)
        took_s = time.perf_counter() - began
        chunk_count = house.bases.get(base_id).chunk_count
        console.print(
            f"{len(corpus)} passages, {chunk_count} chunks, read and embedded by "
            f"{house.embedder.name} in {took_s:.0f} s; {len(queries)} questions",
            highlight=False,
        )
        ranked = ways(house, base_id, max(KS))
        results = [rank_all(way, rank, queries, places) for way, rank in ranked.items()]
    console.print(_table(results))
    hybrid = results[0]
    if failures is not None:
        missed = [query for query in queries if not hybrid.ranks[query.id]]
        rows = [{"qid": q.id, "question": q.question, "gold": q.gold} for q in missed]
        failures.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    if hybrid.recall_at(max(KS)) < TARGET:
        raise typer.Exit(1)


def _table(results: Sequence[Result]) -> Table:
    table = Table("search", *(f"recall@{k}" for k in KS), "target")
    for result in results:
        target = f"recall@{max(KS)} ≥ {TARGET:.0%}" if result.way == "hybrid" else ""
        table.add_row(result.way, *(f"{result.recall_at(k):.1%}" for k in KS), target)
    return table


def _squeeze(text: str) -> tuple[str, list[int]]:
    """Letters and digits of `text`, and the position of each."""
    positions = [index for index, char in enumerate(text) if char.isalnum()]
    return "".join(text[index] for index in positions), positions


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


if __name__ == "__main__":
    typer.run(main)
