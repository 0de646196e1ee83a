"""What every reranker keeps."""

import numpy as np

from app.rag.retrieval.rerank import Reranker
from tests.rag.passages import passage

QUESTION = "年假有几天？"
PASSAGES = [
    passage("食堂在一楼。"),
    passage("年假有十五天。"),
    passage("Annual leave is fifteen days."),
    passage("年假有十五天。食堂在一楼。"),
]


class RerankerContract:
    """Subclasses give the fixture `reranker`."""

    def test_a_score_a_passage(self, reranker: Reranker) -> None:
        scores = reranker.score(QUESTION, PASSAGES)
        assert scores.shape == (len(PASSAGES),)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
        assert len(set(scores.tolist())) > 1

    def test_a_score_depends_on_its_own_passage_alone(self, reranker: Reranker) -> None:
        together = reranker.score(QUESTION, PASSAGES)
        alone = [float(reranker.score(QUESTION, [each])[0]) for each in PASSAGES]
        np.testing.assert_allclose(together, alone, atol=1e-5)

    def test_no_passage_no_score(self, reranker: Reranker) -> None:
        assert reranker.score(QUESTION, []).shape == (0,)

    def test_it_has_a_name(self, reranker: Reranker) -> None:
        assert reranker.name
