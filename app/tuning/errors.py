"""Errors of turning feedback into training files.

TuningError
├── UnknownFormat     no such training format
└── SelectionInvalid  the filters make no sense
"""


class TuningError(Exception):
    """Base of all errors of this package."""


class UnknownFormat(TuningError):
    """The message names the formats there are."""


class SelectionInvalid(TuningError):
    """A time without a zone, or a range that ends before it starts."""
