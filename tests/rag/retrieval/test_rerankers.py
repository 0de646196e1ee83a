"""The rerankers, and the order that they give to hits."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from app.rag.errors import RerankerUnusable
from app.rag.retrieval.cross_encoder import CrossEncoderReranker
from app.rag.retrieval.rerank import RERANKED, Reranker, Reranking, RerankScores
from app.rag.retrieval.sentence_reranker import SentenceReranker
from app.rag.types import Passage
from ingest.embedding.hashing import HashingEmbedder
from tests.rag.passages import passage
from tests.rag.retrieval.cross_encoder_folder import write_cross_encoder
from tests.rag.retrieval.reranker_contract import PASSAGES, QUESTION, RerankerContract

INFERENCE = ("contradiction", "neutral", "entailment")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cross-encoders")
    write_cross_encoder(path / "relevance", ("LABEL_0",))
    write_cross_encoder(path / "inference", INFERENCE)
    write_cross_encoder(path / "moods", ("glad", "sad"))
    return path


class TestSentences(RerankerContract):
    @pytest.fixture
    def reranker(self) -> Reranker:
        return SentenceReranker(HashingEmbedder())

    def test_the_passage_with_the_date_of_the_question_is_ahead(self, reranker: Reranker) -> None:
        found = [passage("2020年3月发布新品。"), passage("2021年3月发布新品。")]
        assert reranker.score("2021年3月发布了什么？", found).argmax() == 1


@pytest.mark.slow
class TestRelevance(RerankerContract):
    @pytest.fixture
    def reranker(self, folder: Path) -> Reranker:
        return CrossEncoderReranker(folder / "relevance", name="relevance", threads=1)

    def test_scores_are_shares(self, reranker: Reranker) -> None:
        scores = reranker.score(QUESTION, PASSAGES)
        assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.slow
class TestInference(RerankerContract):
    @pytest.fixture
    def reranker(self, folder: Path) -> Reranker:
        return CrossEncoderReranker(folder / "inference", name="inference", threads=1)

    def test_the_score_is_the_probability_of_entailment(
        self, reranker: Reranker, folder: Path
    ) -> None:
        from sentence_transformers import CrossEncoder

        model = CrossEncoder(str(folder / "inference"), device="cpu", max_length=512)
        pairs = [(f"title\n{each.text}".removeprefix("title\n"), QUESTION) for each in PASSAGES]
        expected = model.predict(pairs, apply_softmax=True, show_progress_bar=False)
        titled = [Passage(1, "d", "n", "b", 0, each.text, 0, 1) for each in PASSAGES]
        np.testing.assert_allclose(reranker.score(QUESTION, titled), expected[:, 2], atol=1e-6)


@pytest.mark.slow
def test_what_is_no_cross_encoder_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RerankerUnusable, match=r"no config\.json"):
        CrossEncoderReranker(tmp_path, name="empty")
    with pytest.raises(RerankerUnusable, match="no label `entailment`"):
        CrossEncoderReranker(folder / "moods", name="moods").score(QUESTION, PASSAGES)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RerankerUnusable, match="cannot be loaded"):
        CrossEncoderReranker(tmp_path, name="broken").score(QUESTION, PASSAGES)


@dataclass(frozen=True)
class ByLength:
    """Scores the length of a text, slowly."""

    name: str = "length"
    seconds: float = 0.0

    def score(self, query: str, passages: Sequence[Passage]) -> RerankScores:
        time.sleep(self.seconds)
        return np.asarray([len(each.text) for each in passages], np.float32)


def hits(count: int) -> list[Passage]:
    return [passage("x" * (n + 1)) for n in range(count)]


def test_the_best_hits_are_reordered_and_the_others_follow() -> None:
    ordered = Reranking(ByLength(), 10).order(QUESTION, hits(RERANKED + 3))
    lengths = [len(each.text) for each in ordered]
    assert lengths[:RERANKED] == list(range(RERANKED, 0, -1))
    assert lengths[RERANKED:] == [RERANKED + 1, RERANKED + 2, RERANKED + 3]
    assert [each.trace.rerank for each in ordered[:2]] == [RERANKED, RERANKED - 1]
    assert ordered[-1].trace.rerank is None


def test_what_a_slow_reranker_does_not_come_to_keeps_its_order() -> None:
    ordered = Reranking(ByLength(seconds=0.01), 0.001).order(QUESTION, hits(12))
    assert [len(each.text) for each in ordered] == [4, 3, 2, 1, *range(5, 13)]


def test_without_hits_nothing_is_asked() -> None:
    assert Reranking(ByLength(), 1).order(QUESTION, ()) == ()
