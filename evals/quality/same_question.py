"""Are two questions one? Pairs in Chinese and English: `python -m evals.quality.same_question`.

Prints, by the threshold of the cosine, how many pairs of one question are found and how many of two
are taken for one: by the cosine alone, and with the rules of `app/rag/same_question.py`. The
rules were adjusted by the pairs in `tuned.tsv`; those in `kept.tsv` were written afterwards.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from app.config import Settings
from app.rag.same_question import MORE_WORDS_FROM, SAME_WORDS_FROM, differ, same_from
from app.wiring.models import build_embedder, model_store
from ingest.embedding.embedder import Embedder

FOLDER = Path(__file__).parent.parent / "same_question"
_THRESHOLDS = (0.9, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98)


@dataclass(frozen=True, slots=True)
class Pair:
    same: bool
    one: str
    other: str
    cosine: float = 0.0

    def taken_for_one(self) -> bool:
        return not differ(self.one, self.other) and self.cosine >= same_from(self.one, self.other)


def read_pairs(name: str, embedder: Embedder) -> list[Pair]:
    lines = (FOLDER / f"{name}.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    texts = list(dict.fromkeys(text for _, *both in rows for text in both))
    vectors = dict(zip(texts, embedder.embed(texts, kind="query"), strict=True))
    return [Pair(k == "same", a, b, float(vectors[a] @ vectors[b])) for k, a, b in rows]


def main() -> None:
    settings, console = Settings(), Console()
    embedder = build_embedder(settings, model_store(settings), threads=1)
    for name in ("tuned", "kept"):
        pairs = read_pairs(name, embedder)
        began = time.perf_counter()
        right = [pair for pair in pairs if pair.taken_for_one()]
        took_us = (time.perf_counter() - began) / len(pairs) * 1e6
        table = Table("cosine from", "one question, alone", "two, alone", title=name)
        for threshold in _THRESHOLDS:
            near = [pair for pair in pairs if pair.cosine >= threshold]
            table.add_row(f"{threshold:.2f}", *_shares(near, pairs))
        with_rules = f"{SAME_WORDS_FROM}, {MORE_WORDS_FROM} and rules"
        table.add_row(with_rules, *_shares(right, pairs))
        console.print(table)
        console.print(f"the rules took {took_us:.0f} µs a pair", highlight=False)
        for pair in right:
            if not pair.same:
                console.print(f"taken for one: {pair.one} | {pair.other}", highlight=False)


def _shares(found: Sequence[Pair], pairs: Sequence[Pair]) -> tuple[str, str]:
    same, two = (
        f"{sum(p.same == kind for p in found)}/{sum(p.same == kind for p in pairs)}"
        for kind in (True, False)
    )
    return same, two


if __name__ == "__main__":
    typer.run(main)
