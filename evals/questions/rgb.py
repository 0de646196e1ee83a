"""RGB (Chen et al., "Benchmarking Large Language Models in Retrieval-Augmented Generation", AAAI
2024): questions with passages that answer them and passages that only look alike.

Every question is asked twice: with all its passages, and with only those that do not answer it,
where it is a near miss.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evals.metrics.overlap import contains
from evals.questions.sets import Question, SourceText, held_out, read_rows

_MOST = 10  # passages of a sort


def read(path: Path) -> Iterator[tuple[Question, tuple[SourceText, ...]]]:
    """Questions with the documents of their base. Raises NoData, BadData."""
    for row in read_rows(path, "id", "query", "answer", "positive", "negative"):
        answers = tuple(_flat(row["answer"]))
        id_ = f"{path.stem}-{row['id']}"
        right = list(_flat(row["positive"]))[:_MOST]
        wrong = [text for text in _flat(row["negative"]) if not _holds(text, answers)][:_MOST]
        if right and wrong:
            kept = held_out(id_)
            asked = Question(id_, row["query"], answers, (f"{id_}-0",), held_out=kept)
            yield asked, _documents(id_, [*right, *wrong])
            near = Question(f"{id_}-near", row["query"], sort="near", held_out=kept)
            yield near, _documents(f"{id_}-near", wrong)


def _documents(id_: str, texts: Sequence[str]) -> tuple[SourceText, ...]:
    return tuple(SourceText(f"{id_}-{n}", "", text) for n, text in enumerate(texts))


def _holds(text: str, answers: Sequence[str]) -> bool:
    return any(contains(text, answer) for answer in answers)


def _flat(value: Any) -> Iterator[str]:
    for item in [value] if isinstance(value, str) else value:
        if isinstance(item, str):
            yield item
        else:
            yield from _flat(item)
