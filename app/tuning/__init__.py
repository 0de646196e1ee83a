"""Turns rated answers into training files: select, curate, format, write."""

from app.tuning.errors import SelectionInvalid, TuningError, UnknownFormat
from app.tuning.export import Report, export, jsonl
from app.tuning.formats import JsonRow, to_chatml_text
from app.tuning.types import FORMATS, Exclusion, Format, LeftOut, RatedAnswer, Selection

__all__ = [
    "FORMATS",
    "Exclusion",
    "Format",
    "JsonRow",
    "LeftOut",
    "RatedAnswer",
    "Report",
    "Selection",
    "SelectionInvalid",
    "TuningError",
    "UnknownFormat",
    "export",
    "jsonl",
    "to_chatml_text",
]
