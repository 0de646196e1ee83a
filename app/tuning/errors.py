"""Errors of the export of training files.

TuningError
├── UnknownFormat     unknown training format
└── SelectionInvalid  invalid filters
"""


class TuningError(Exception):
    """Base of all errors of this package."""


class UnknownFormat(TuningError):
    """The message lists the known formats."""


class SelectionInvalid(TuningError):
    """A time without a zone, or a range that ends before it starts."""
