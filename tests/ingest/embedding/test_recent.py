"""A recent query is not embedded again; its vector is that of the embedder."""

from collections.abc import Sequence

import numpy as np

from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from ingest.embedding.recent import RecentQueries


class Counting(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        self.asked += texts
        return super().embed(texts, kind=kind)


def test_only_what_is_new_is_embedded() -> None:
    counting = Counting()
    recent = RecentQueries(counting)
    recent.embed(["年假"], kind="query")
    both = recent.embed(["病假", "年假", "病假"], kind="query")
    assert counting.asked == ["年假", "病假"]
    expected = HashingEmbedder().embed(["病假", "年假", "病假"], kind="query")
    np.testing.assert_array_equal(both, expected)
    recent.embed(["年假"], kind="document")
    assert counting.asked[-1] == "年假"


def test_old_queries_are_forgotten() -> None:
    counting = Counting()
    recent = RecentQueries(counting)
    for number in range(100):
        recent.embed([f"第{number}问"], kind="query")
    recent.embed(["第99问"], kind="query")
    assert len(counting.asked) == 100
    recent.embed(["第0问"], kind="query")
    assert len(counting.asked) == 101
