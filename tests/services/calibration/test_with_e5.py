"""The calibration of multilingual-e5-small gives what was tuned by hand on public sets."""

import pytest

from app.rag.language import Language
from app.services.calibration.calibrator import measure
from app.services.calibration.record import Measured
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder
from tests.weights import EMBEDDER, store_with


@pytest.fixture(scope="module")
def measured() -> Measured:
    folder = store_with(EMBEDDER).path(EMBEDDER)
    return measure(SentenceTransformerEmbedder(folder, name=EMBEDDER), lambda _: None)


def test_the_weight_is_that_of_the_registry(measured: Measured) -> None:
    assert measured.dense_weight == store_with(EMBEDDER).registry[EMBEDDER].dense_weight


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_thresholds_are_those_of_the_registry(measured: Measured, language: Language) -> None:
    by_hand = store_with(EMBEDDER).registry[EMBEDDER].answerable_from[language]
    assert measured.answerable_from[language] == pytest.approx(by_hand, abs=0.01)


def test_the_growth_is_that_of_the_gate(measured: Measured) -> None:
    assert measured.growth == pytest.approx(0.028, abs=0.006)
