"""What a calibration found, kept with the models: `models/.calibration/NAME.json`.

Not in the model's own folder, whose files are pinned and decide whether it is converted anew.
"""

import logging
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.models.checksums import write_json
from app.rag.language import Language
from app.rag.retrieval.gate import Answerable
from app.services.calibration.texts import procedure_version

log = logging.getLogger(__name__)

_FOLDER = ".calibration"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(_Record):
    """What a threshold does: shares, 0 to 1, of the questions that a text answers, that are about
    one without being answered, and whose text is not there."""

    threshold: float
    false_refusal: float
    refused_near: float
    refused_foreign: float


class Measured(_Record):
    """`answerable_from` has the languages in which foreign questions are told apart; `growth` is
    that of the thresholds with each factor of ten chunks."""

    dense_weight: float
    answerable_from: dict[Language, float]
    growth: float
    curves: dict[Language, tuple[Point, ...]]

    @property
    def answerable(self) -> Answerable:
        return Answerable(self.answerable_from, self.dense_weight, self.growth)

    def point(self, language: Language) -> Point | None:
        """The curve's point at the threshold, where there is one."""
        threshold = self.answerable_from.get(language)
        return next((p for p in self.curves[language] if p.threshold == threshold), None)


class Calibration(_Record):
    """`model`: SHA-256 over the checksums of the model's files, or the identity of a served one;
    `procedure`: version of the texts and of how numbers are chosen."""

    embedder: str
    model: str
    procedure: str
    made_on: date
    seconds: float
    measured: Measured


def read_calibration(models_dir: Path, embedder: str, model: str) -> Calibration | None:
    """The calibration of exactly these weights by the present procedure, if there is one."""
    path = _path(models_dir, embedder)
    try:
        found = Calibration.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("%s cannot be read and is ignored: %s", path, error)
        return None
    return found if (found.model, found.procedure) == (model, procedure_version()) else None


def write_calibration(models_dir: Path, calibration: Calibration) -> Path:
    """Raises OSError."""
    path = _path(models_dir, calibration.embedder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, calibration)
    return path


def _path(models_dir: Path, embedder: str) -> Path:
    return models_dir / _FOLDER / f"{embedder}.json"
