"""A question finds what answers it in the other language, and its own language as before."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from app.models.store import ModelStore
from app.rag.language import language_of
from app.rag.retrieval.bilingual import PAIRS, LanguageAxis
from app.rag.retrieval.retrieve import Retriever
from app.rag.types import Scope
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder
from tests.rag.retrieval.test_retrieve import retriever
from tests.weights import EMBEDDER, store_with

MANUAL = {
    1: "The backup battery of the gateway lasts for 6 hours.",
    2: "Hold RESET for 10 seconds until all lights flash.",
    3: "网关保修二十四个月，自发货之日起算。",
    4: "电池的正常损耗不在保修范围内。",
    5: "网关应安装在离地两米以上的地方。",
    6: "传感器建议每十二个月校准一次。",
}


CHINESE = {english: chinese for chinese, english in PAIRS}


class Leaning(HashingEmbedder):
    """Chinese texts lean towards each other, as those of multilingual models do; with `knows`, a
    translation is near its original."""

    def __init__(self, knows: Mapping[str, str] = CHINESE) -> None:
        super().__init__(dim=1024)
        self._knows = knows

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        vectors = super().embed([self._knows.get(text, text) for text in texts], kind=kind)
        vectors[:, 0] += [1.0 if language_of(text) == "zh" else 0.0 for text in texts]
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_an_embedder_that_does_not_lean_or_knows_one_language_has_no_axis() -> None:
    assert LanguageAxis.measure(HashingEmbedder()) is None
    assert LanguageAxis.measure(Leaning(knows={})) is None


def test_the_axis_tells_the_languages_apart() -> None:
    axis = LanguageAxis.measure(Leaning())
    assert axis is not None
    assert np.linalg.norm(axis.direction) == pytest.approx(1, abs=1e-5)
    assert axis.positions["zh"] > axis.positions["en"] + 0.1
    query = Leaning().embed(["备用电池能用多久？"], kind="query")
    assert axis.tilt(query) > 0.1
    assert axis.neutral(query)[0] @ axis.direction == pytest.approx(0, abs=1e-6)
    assert axis.tilt(Leaning().embed(["How long does it last?"], kind="query")) < 0.05
    assert axis.correction(0.3, axis.positions["zh"] - 0.01, "zh") == 0
    assert axis.correction(0.3, axis.positions["en"], "zh") > 0.02


def test_scores_within_a_language_are_those_without_an_axis() -> None:
    question = "网关保修多久？"
    texts = {id_: text for id_, text in MANUAL.items() if language_of(text) == "zh"}
    leaning = retriever(texts=texts, embedder=Leaning())
    plain = retriever(texts=texts, embedder=Leaning())
    plain.__dict__["axis"] = None
    with_axis, without = (r.retrieve(question, Scope(("b",)), 6).hits for r in (leaning, plain))
    assert [hit.chunk_id for hit in with_axis] == [hit.chunk_id for hit in without]
    for one, other in zip(with_axis, without, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-6)
        assert one.trace.dense == pytest.approx(other.trace.dense, abs=1e-6)


@pytest.fixture(scope="module")
def e5() -> SentenceTransformerEmbedder:
    store: ModelStore = store_with(EMBEDDER)
    return SentenceTransformerEmbedder(store.path(EMBEDDER), name=EMBEDDER)


def test_the_cosine_that_is_told_is_that_of_the_texts(
    e5: SentenceTransformerEmbedder,
) -> None:
    question = "怎么恢复出厂设置？"
    found = retriever(texts=MANUAL, embedder=e5).retrieve(question, Scope(("b",)), 6).hits
    query = e5.embed([question], kind="query")
    for hit in found:
        text = e5.embed([MANUAL[hit.chunk_id]], kind="document")
        assert hit.trace.dense == pytest.approx(float((query @ text.T)[0, 0]), abs=1e-4)
    positions = [hit.chunk_id for hit in found]
    by_cosine = [hit.chunk_id for hit in sorted(found, key=lambda hit: -(hit.trace.dense or 0))]
    assert positions.index(2) < by_cosine.index(2)  # the English text that answers it


def test_a_follow_up_is_looked_for_in_the_other_language_with_its_question_only() -> None:
    texts = {1: "4G on the HG-200L", 2: "网关的单价是 3180 元。"}
    question, before = "HG-200L 呢？", "HG-200 的单价是多少？"
    with_axis = retriever(texts=texts, embedder=Leaning())
    plain = retriever(texts=texts, embedder=Leaning())
    plain.__dict__["axis"] = None

    def score(asked: Retriever, query: str, context: str = "") -> float:
        hits = asked.retrieve(query, Scope(("b",)), 2, context=context).hits
        return next(hit.score for hit in hits if hit.chunk_id == 1)

    both = score(with_axis, f"{before}\n{question}")
    assert score(with_axis, question) > score(with_axis, question, before)
    assert score(with_axis, question, before) == pytest.approx(
        max(score(plain, question), both), abs=1e-6
    )
