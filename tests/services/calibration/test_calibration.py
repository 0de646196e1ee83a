"""An embedder without measured thresholds gets its own from the built-in texts."""

import logging
from pathlib import Path

import pytest

from app.llm.scripted import ScriptedChatModel
from app.models.store import ModelStore
from app.rag.language import language_of
from app.rag.retrieval.fuse import DENSE_WEIGHT
from app.rag.types import Passage, StageScores
from app.services.calibration.calibrator import Calibrator, Stopped, measure
from app.services.calibration.choose import MAY_REFUSE
from app.services.calibration.record import Measured, read_calibration, write_calibration
from app.services.calibration.said import UNCALIBRATED, said_of
from app.services.calibration.texts import texts
from app.wiring.application import build
from ingest.embedding.hashing import HashingEmbedder
from tests.application import test_settings as settings_for
from tests.services.calibration.understanding import Understanding


def nothing(_: float) -> None: ...


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(Understanding(), nothing)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """With the weights of an embedder that the registry does not know."""
    store = ModelStore(tmp_path / "models", offline=True)
    (store.models_dir / "placed").mkdir(parents=True)
    (store.models_dir / "placed" / "model.safetensors").write_bytes(b"weights")
    return store


def calibrator(store: ModelStore, embedder: HashingEmbedder | None = None) -> Calibrator:
    return Calibrator(
        embedder or Understanding(), store.models_dir, checksum=lambda: store.checksum("placed")
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_text_is_one_of_its_kind(language: str) -> None:
    assert language in ("zh", "en")
    found = texts(language)
    assert len(found) >= 36
    assert len({text.title for text in found}) == len(found)
    questions = [q for text in found for q in (*text.questions, text.near)]
    assert len(set(questions)) == 3 * len(found)
    assert {language_of(each) for each in (*questions, *(t.text for t in found))} == {language}


def test_what_is_near_is_told_from_what_is_foreign(measured: Measured) -> None:
    """Cosines of 0.7 and 0.3: the threshold lies between them, the words weigh little."""
    assert measured.dense_weight >= 0.7
    for language in ("zh", "en"):
        point = measured.point(language)
        assert point is not None
        low, high = 0.3 * measured.dense_weight, 0.7 * measured.dense_weight + 0.3
        assert low < point.threshold < high
        assert point.false_refusal <= 2 * MAY_REFUSE
        assert point.refused_foreign > 0.9
        thresholds = [each.threshold for each in measured.curves[language]]
        assert thresholds == sorted(thresholds)
        refused = [each.refused_foreign for each in measured.curves[language]]
        assert refused == sorted(refused)


def test_a_language_that_the_embedder_does_not_know_gets_no_threshold() -> None:
    found = measure(Understanding(languages=["en"]), nothing)
    assert list(found.answerable_from) == ["en"]
    assert set(found.curves) == {"zh", "en"}
    assert found.answerable.confidence("年假有几天？", [_hit("别的")]) == 1.0


def test_words_decide_where_vectors_mean_nothing() -> None:
    found = measure(HashingEmbedder(), nothing)
    assert found.answerable_from == {}
    assert found.dense_weight < DENSE_WEIGHT


def test_a_weight_that_is_fixed_stays() -> None:
    assert measure(Understanding(), nothing, dense_weight=0.45).dense_weight == 0.45


def test_a_calibration_counts_for_the_same_weights_only(store: ModelStore) -> None:
    made = calibrator(store).run(nothing)
    assert read_calibration(store.models_dir, "placed", store.checksum("placed")) == made
    assert read_calibration(store.models_dir, "placed", "another checksum") is None
    older = made.model_copy(update={"procedure": "older"})
    path = write_calibration(store.models_dir, older)
    assert read_calibration(store.models_dir, "placed", made.model) is None
    path.write_text("{", "utf-8")
    assert read_calibration(store.models_dir, "placed", made.model) is None


def test_progress_and_stop(store: ModelStore) -> None:
    shares: list[float] = []
    stopped = calibrator(store)

    def note(share: float) -> None:
        shares.append(share)
        if share > 0.5:
            stopped.stop()

    with pytest.raises(Stopped):
        stopped.run(note)
    assert shares == sorted(shares)
    assert 0.5 < shares[-1] < 0.6
    stopped.run_if_needed()
    assert stopped.needed
    assert said_of(stopped) == (UNCALIBRATED, {"uncalibrated": 1})


def test_the_first_start_calibrates_and_the_next_one_remembers(
    store: ModelStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(tmp_path / "data", models_dir=store.models_dir, embedder="placed")
    first = build(settings, embedder=Understanding(), model=ScriptedChatModel())
    assert said_of(first.calibrator)[0] == UNCALIBRATED
    assert first.direct.answer_line.scoring.answerable.thresholds == {}
    recipe = first.ask.recipes.fixed()
    first.db.migrate()
    with caplog.at_level(logging.INFO):
        first.warm_up()
    assert "calibrating placed: 50 %" in caplog.text
    answerable = first.direct.answer_line.scoring.answerable
    assert set(answerable.thresholds) == {"zh", "en"}
    assert first.search.retriever.scoring.dense_weight == answerable.dense_weight
    assert first.ask.recipes.fixed() != recipe  # cached answers of before are not given again
    assert "calibrated on" in said_of(first.calibrator)[0]
    first.db.dispose()

    embedder = Understanding()
    again = build(settings, embedder=embedder, model=ScriptedChatModel())
    assert again.search.retriever.scoring.answerable == answerable
    assert not again.calibrator.needed
    again.db.dispose()


def test_settings_come_first_and_then_the_registry(store: ModelStore, tmp_path: Path) -> None:
    made = calibrator(store).run(nothing)

    def scoring(name: str, **changes: object) -> tuple[float, set[str]]:
        settings = settings_for(tmp_path / "data", models_dir=store.models_dir, **changes)
        built = build(settings, embedder=Understanding(name), model=ScriptedChatModel())
        built.db.dispose()
        found = built.search.retriever.scoring.answerable
        return found.dense_weight, set(found.thresholds)

    assert scoring("placed") == (made.measured.dense_weight, {"zh", "en"})
    assert scoring("placed", dense_weight=0.1) == (0.1, {"zh", "en"})
    assert scoring("placed", abstain=False) == (made.measured.dense_weight, set())
    assert scoring("multilingual-e5-small") == (0.8, {"zh", "en"})
    assert scoring("bge-small-zh-v1.5") == (DENSE_WEIGHT, set())
    (store.models_dir / "multilingual-e5-small").mkdir()
    known = build(
        settings_for(tmp_path / "data", models_dir=store.models_dir),
        embedder=Understanding("multilingual-e5-small"),
        model=ScriptedChatModel(),
    )
    assert not known.calibrator.needed
    known.db.dispose()


def _hit(text: str) -> Passage:
    return Passage(1, "d", "d", "b", 0, text, 0, len(text), trace=StageScores(dense=0.0))
