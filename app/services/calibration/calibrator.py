"""Calibrates an embedder: on request, or in the background when one without thresholds is used."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from app.db.tables import utc_now
from app.error_codes import code_of
from app.rag.language import Language
from app.rag.retrieval.gate import Answerable, Scoring
from app.services.calibration.choose import choose
from app.services.calibration.record import Calibration, Measured, write_calibration
from app.services.calibration.scores import compare
from app.services.calibration.texts import procedure_version, texts
from ingest.embedding.embedder import Embedder, TextKind, Vectors

log = logging.getLogger(__name__)

_BATCH = 8  # texts: a question that is asked meanwhile waits for one batch at most

OnProgress = Callable[[float], None]  # share, 0 to 1


class Stopped(Exception):
    """The service is being stopped."""


def measure(
    embedder: Embedder,
    on_progress: OnProgress,
    *,
    dense_weight: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Measured:
    """Takes some three hundred short texts' time. Raises EmbedderError, and Stopped between two
    batches."""
    languages = get_args(Language)
    by_language = {language: texts(language) for language in languages}
    count = sum(2 + len(t.questions) for some in by_language.values() for t in some)
    done = 0

    def embed(some: Sequence[str], kind: TextKind) -> Vectors:
        nonlocal done
        rows: list[Vectors] = []
        for begin in range(0, len(some), _BATCH):
            if stopped():
                raise Stopped
            batch = some[begin : begin + _BATCH]
            rows.append(embedder.embed(batch, kind=kind))
            done += len(batch)
            on_progress(done / count)
        return np.concatenate(rows)

    compared = {language: compare(some, embed) for language, some in by_language.items()}
    return choose(compared, dense_weight=dense_weight)


@dataclass(slots=True)
class Calibrator:
    """Of one embedder. `checksum` gives the SHA-256 over its files, or what stands for them where a
    server has them. `adopt` makes what search and
    gate go by out of what was measured.

    `dense_weight` is the registry's, where it has one; `in_registry`: its thresholds are there too.
    `calibration` is the stored one, then the new one. `has_weights`: not so the hashing embedder,
    which stands in for a model in tests.
    """

    embedder: Embedder
    models_dir: Path
    checksum: Callable[[], str]
    adopt: Callable[[Measured], Answerable] = field(default=lambda measured: measured.answerable)
    scoring: Scoring = field(default_factory=Scoring)
    dense_weight: float | None = None
    in_registry: bool = False
    has_weights: bool = True
    calibration: Calibration | None = None
    progress: float | None = None  # 0 to 1, while it runs
    error: str = ""
    error_code: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def source(self) -> Literal["registry", "calibration", "nowhere"]:
        """Where the thresholds were measured."""
        if self.in_registry:
            return "registry"
        return "calibration" if self.calibration else "nowhere"

    @property
    def needed(self) -> bool:
        return self.has_weights and not self.in_registry and self.calibration is None

    def run_if_needed(self) -> None:
        """Calibrates; from then on search and gate go by it. Reports errors in `error`."""
        if not self.needed or self._stop.is_set():
            return
        log.info("calibrating %s with built-in texts", self.embedder.name)
        try:
            calibration = self.run(self._note)
        except Stopped:
            log.info("calibrating %s was stopped; the next start tries again", self.embedder.name)
        except Exception as error:  # the service goes on uncalibrated
            self.error = f"{type(error).__name__}: {error}"
            self.error_code = code_of(error)
            log.exception("%s cannot be calibrated", self.embedder.name)
        else:
            self.scoring.answerable = self.adopt(calibration.measured)
        finally:
            self.progress = None

    def run(self, on_progress: OnProgress) -> Calibration:
        """Calibrates and keeps the result. Raises EmbedderError, Stopped."""
        began = time.perf_counter()
        measured = measure(
            self.embedder,
            on_progress,
            dense_weight=self.dense_weight,
            stopped=self._stop.is_set,
        )
        calibration = Calibration(
            embedder=self.embedder.name,
            model=self.checksum(),
            procedure=procedure_version(),
            made_on=utc_now().date(),
            seconds=round(time.perf_counter() - began, 1),
            measured=measured,
        )
        log.info(
            "calibrated %s in %.0f s: weight %.2f, thresholds %s",
            calibration.embedder,
            calibration.seconds,
            measured.dense_weight,
            measured.answerable_from or "none",
        )
        try:
            write_calibration(self.models_dir, calibration)
        except OSError as error:
            log.warning("the calibration cannot be kept, so each start repeats it: %s", error)
        self.calibration = calibration
        return calibration

    def stop(self) -> None:
        """Ends a calibration after its present batch."""
        self._stop.set()

    def _note(self, share: float) -> None:
        before = self.progress or 0.0
        self.progress = share
        if int(share * 4) > int(before * 4):
            log.info("calibrating %s: %.0f %%", self.embedder.name, 100 * share)
