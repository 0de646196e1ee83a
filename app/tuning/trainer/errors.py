"""Errors of training; the message is shown to whoever started it.

TrainingError
├── PlanInvalid     a setting that no engine or method allows
├── NothingToTrain  no row is left
└── TooLittle       not enough memory or disk
"""


class TrainingError(Exception):
    """Base of all errors of this package."""

    code = "settings"


class PlanInvalid(TrainingError):
    """A setting is wrong."""


class NothingToTrain(TrainingError):
    """No row is left."""

    code = "no_rows"


class TooLittle(TrainingError):
    """Not enough memory or disk; the message says how much there must be."""

    code = "too_little"
