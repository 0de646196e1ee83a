"""What status, doctor and shell say about an embedder's calibration."""

from collections.abc import Mapping

from app.services.calibration.calibrator import Calibrator
from app.services.calibration.record import Calibration

UNCALIBRATED = "uncalibrated: without measured thresholds, every question is answered"


def said_of(calibrator: Calibrator) -> tuple[str, Mapping[str, float]]:
    """In English, empty for an embedder of the registry that was measured; and the facts in it, for
    interfaces in other languages: `uncalibrated`, `calibrating` (per cent),
    `calibrated`, or `untold` where that found no thresholds."""
    if calibrator.progress is not None:
        percent = round(100 * calibrator.progress)
        said = f"calibrating, {percent} %: until then, every question is answered"
        return said, {"uncalibrated": 1, "calibrating": percent}
    if calibrator.calibration is not None:
        return said_of_stored(calibrator.calibration)
    if calibrator.error:
        return f"{UNCALIBRATED}; calibrating failed: {calibrator.error}", {"uncalibrated": 1}
    if calibrator.in_registry:
        return "", {}
    return UNCALIBRATED, {"uncalibrated": 1}


def said_of_stored(calibration: Calibration) -> tuple[str, Mapping[str, float]]:
    """The same of a calibration that is stored."""
    made_on, measured = calibration.made_on, calibration.measured
    if not measured.answerable_from:
        said = f"calibrated on {made_on}, but tells no foreign questions apart: each is answered"
        return said, {"untold": 1}
    languages = ", ".join(measured.answerable_from)
    return f"calibrated on {made_on} for {languages}", {"calibrated": 1}
