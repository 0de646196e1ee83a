"""Exports rated answers as rows of a training file, with a report of excluded answers."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.tuning.curate import curate_examples, curate_labels, curate_pairs
from app.tuning.errors import UnknownFormat
from app.tuning.formats import (
    JsonRow,
    alpaca_row,
    dpo_row,
    kto_row,
    messages_row,
    sharegpt_row,
)
from app.tuning.types import FORMATS, Exclusion, Format, LeftOut, RatedAnswer, Selection

# Legal inside JSON strings, but line ends for str.splitlines and some editors.
_LINE_ENDS = str.maketrans({c: f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"})


@dataclass(frozen=True, slots=True)
class Report:
    """considered: rated answers that pass the filters. exported: rows; an answer can yield several
    (a correction and its answer) or none (then it is in `left_out`)."""

    format: Format
    considered: int
    exported: int
    left_out: tuple[LeftOut, ...]


def export(
    rated: Iterable[RatedAnswer], format: Format, selection: Selection | None = None
) -> tuple[list[JsonRow], Report]:
    """The rows of a training file, oldest answer first, independent of the input order.

    Filtered answers are ignored completely: with `rating="down"`, no variant rated up can win a
    pair. Raises UnknownFormat.
    """
    selection = selection or Selection()
    chosen = sorted(
        (item for item in rated if selection.holds(item)),
        key=lambda item: (item.created_at, item.message_id),
    )
    unsupported = tuple(
        LeftOut(item.message_id, Exclusion.UNSUPPORTED)
        for item in chosen
        if selection.supported_only and item.rating == "up" and not item.supported
    )
    dropped = {item.message_id for item in unsupported}
    rows, left_out = _rows([item for item in chosen if item.message_id not in dropped], format)
    return rows, Report(format, len(chosen), len(rows), (*unsupported, *left_out))


def jsonl(rows: Iterable[JsonRow]) -> Iterator[str]:
    """One line per row, including its line end; write it as UTF-8 with newline="\\n"."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False).translate(_LINE_ENDS) + "\n"


def _rows(rated: list[RatedAnswer], format: Format) -> tuple[list[JsonRow], tuple[LeftOut, ...]]:
    match format:
        case "messages":
            examples = curate_examples(rated)
            return [messages_row(r) for r in examples.rows], examples.left_out
        case "sharegpt":
            examples = curate_examples(rated, alternating=True)
            return [sharegpt_row(r) for r in examples.rows], examples.left_out
        case "alpaca":
            examples = curate_examples(rated, alternating=True)
            return [alpaca_row(r) for r in examples.rows], examples.left_out
        case "dpo":
            pairs = curate_pairs(rated)
            return [dpo_row(r) for r in pairs.rows], pairs.left_out
        case "kto":
            labels = curate_labels(rated)
            return [kto_row(r) for r in labels.rows], labels.left_out
        case _:
            raise UnknownFormat(f"unknown format {format!r}; known formats: {', '.join(FORMATS)}")
