"""From judged answers to training files: select, curate, format, write."""

from app.tuning.errors import SelectionInvalid, TuningError, UnknownFormat
from app.tuning.export import Report, export, jsonl
from app.tuning.formats import JsonRow, to_chatml_text
from app.tuning.types import FORMATS, Exclusion, Format, Judged, LeftOut, Selection

__all__ = [
    "FORMATS",
    "Exclusion",
    "Format",
    "JsonRow",
    "Judged",
    "LeftOut",
    "Report",
    "Selection",
    "SelectionInvalid",
    "TuningError",
    "UnknownFormat",
    "export",
    "jsonl",
    "to_chatml_text",
]
