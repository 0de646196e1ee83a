"""`zhiwen calibrate`, with a small random model that is in no registry."""

import json
from pathlib import Path

import pytest

from app.services.calibration.said import UNCALIBRATED
from tests.cli.shell import Shell
from tests.ingest.embedding.bge_folder import write_bge_folder

NAME = "placed-by-hand"


@pytest.fixture
def placed(zhiwen: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The settings name an embedder whose folder was put among the models."""
    (tmp_path / "models" / NAME).mkdir(parents=True)
    write_bge_folder(tmp_path / "models" / NAME)
    monkeypatch.setenv("ZHIWEN_EMBEDDER", NAME)
    return zhiwen


def test_it_measures_keeps_and_shows(placed: Shell, tmp_path: Path) -> None:
    assert f"{NAME} ({UNCALIBRATED}): here" in placed("doctor").out
    ran = placed("calibrate")
    assert ran.code == 0
    assert f"{NAME}: dense_weight" in ran.out
    assert "foreign refused" in ran.out
    kept = json.loads((tmp_path / "models" / ".calibration" / f"{NAME}.json").read_text("utf-8"))
    assert kept["embedder"] == NAME
    assert len(kept["model"]) == 64
    assert [len(kept["measured"]["curves"][language]) for language in ("zh", "en")] == [7, 7]
    assert "calibrated on" in placed("doctor").out
    again = json.loads(placed("calibrate", NAME, "--json").out)
    assert again["measured"] == kept["measured"]


def test_other_weights_of_the_same_name_are_not_calibrated(placed: Shell, tmp_path: Path) -> None:
    placed("calibrate")
    folder = tmp_path / "models" / NAME
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    (folder / "zhiwen.lock.json").unlink()  # pinned anew, as after a copy from elsewhere
    assert UNCALIBRATED in placed("doctor").out


def test_what_cannot_be_calibrated_is_said(zhiwen: Shell) -> None:
    ran = zhiwen("calibrate", "hashing")
    assert (ran.code, "nothing to calibrate" in ran.err) == (1, True)
    ran = zhiwen("calibrate", "no-such-model")
    assert (ran.code, "unknown model 'no-such-model'" in ran.err) == (1, True)
    ran = zhiwen("calibrate", "../models")
    assert (ran.code, "unknown model" in ran.err) == (1, True)
