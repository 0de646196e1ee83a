"""Forms as tables: lines of `label: value`, a record where they follow each other.

A delivery note, a ticket, the head of minutes. Records of one document with the same labels are
rows of one table, so that the note's number says which line *Goods* is asked for.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.rag.extractive.table import Cells, Table, tables_of
from app.rag.types import Passage
from ingest.tables.lines import cells_of, is_row

_FIELD = re.compile(r"(?P<label>[^\W\d_][^：:。；;，,|]{0,23}?)\s*(?:：|:(?=\s))\s*(?P<value>\S.*)")
_CODE = re.compile(r"(?<![\w-])(?=[A-Za-z-]*\d)[A-Za-z\d][\w-]{2,}$", re.ASCII)
_SIDE_BY_SIDE = re.compile(r"\u3000+|\t+| {3,}")
_BULLET = re.compile(r"^\s*[-*•]\s+")
_TICKED = re.compile(r"[☑☒■✓√]\s*([^☐□☑☒■✓√\s]+)")
_BOXES = re.compile(r"[☐□][^\n]*[☑☒■✓√]|[☑☒■✓√][^\n]*[☐□]")
_LEAST_FIELDS = 2  # one alone is a sentence with a colon
_LONGEST_LABEL = 12
_LEAST_COLUMNS = 4  # of two columns the first may as well be the keys of rows


@dataclass(slots=True)
class _Record:
    """`title` is the line above its first field."""

    title: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.title or next(iter(self.fields.values()), "")


def records_of(passages: Sequence[Passage]) -> Iterator[Table]:
    """A table for each form; its first column is the line above the record. Forms are lines, or
    tables whose columns are labels and values by turns."""
    in_tables: dict[Cells, list[tuple[str, str]]] = {}
    for table in tables_of(passages):
        rows = (table.head, *table.rows)
        if _is_of_pairs(rows):
            in_tables |= {row: _pairs(row) for row in rows}
    by_document: dict[str, list[str]] = {}
    for passage in sorted(passages, key=lambda p: (p.document_id, p.ordinal)):
        lines = by_document.setdefault(passage.document_id, [passage.document_name])
        lines += passage.text.split("\n")
    for lines in by_document.values():
        records = list(_records(lines, in_tables))
        for labels in dict.fromkeys(tuple(record.fields) for record in records):
            alike = [record for record in records if tuple(record.fields) == labels]
            found = tuple((record.key, *record.fields.values()) for record in alike)
            yield Table(("", *labels), found, whole=True)


def _is_of_pairs(rows: Sequence[Cells]) -> bool:
    """Whether it has no head but labels and values: | Name | Ada | Room | 12 |."""
    if any(len(row) % 2 or len(row) < _LEAST_COLUMNS for row in rows):
        return False
    if any(_is_headed([row[n] for row in rows]) for n in range(1, len(rows[0]), 2)):
        return False
    labels = [label for row in rows for label, _ in _pairs(row)]
    are_labels = all(len(each) <= _LONGEST_LABEL and not each[0].isdigit() for each in labels)
    return are_labels and len(set(labels)) == len(labels)


def _is_headed(column: Sequence[str]) -> bool:
    """Whether its first cell alone has no digit: Phone above 5501 and 5502."""
    return [any(map(str.isdigit, cell)) for cell in column] == [False] + [True] * (len(column) - 1)


def _pairs(row: Cells) -> list[tuple[str, str]]:
    return [(row[n], _value(row[n + 1])) for n in range(0, len(row), 2) if row[n]]


def _records(
    lines: Sequence[str], in_tables: Mapping[Cells, list[tuple[str, str]]]
) -> Iterator[_Record]:
    """A label that comes again, or a line that is no field, begins the next record."""
    record = _Record("")
    for line in lines:
        if not line.strip():
            continue
        pairs = in_tables.get(cells_of(line), []) if is_row(line) else fields_in(line)
        if not pairs or record.fields.keys() & dict(pairs).keys():
            if len(record.fields) >= _LEAST_FIELDS:
                yield record
            record = _Record("" if pairs else line.strip())
            record.fields.update(() if pairs else _codes(line))
        record.fields.update(pairs)
    if len(record.fields) >= _LEAST_FIELDS:
        yield record


def fields_in(line: str) -> list[tuple[str, str]]:
    """Labels and values of a line, which may have several side by side."""
    if is_row(line):
        return []
    parts = [part for part in _SIDE_BY_SIDE.split(_BULLET.sub("", line.strip())) if part]
    found = [_FIELD.fullmatch(part.strip()) for part in parts]
    if all(found):
        return [(each["label"], _value(each["value"])) for each in found if each]
    whole = _FIELD.fullmatch(_BULLET.sub("", line.strip()))  # ☐ yes　☑ no
    return [(whole["label"], _value(whole["value"]))] if whole else []


def _codes(title: str) -> list[tuple[str, str]]:
    """A number that a title ends with: `Delivery note　no. GH-7702`."""
    found = _CODE.search(title.strip())
    return [("", found[0])] if found else []


def _value(written: str) -> str:
    """Of check boxes what is ticked."""
    if _BOXES.search(written):
        return ", ".join(_TICKED.findall(written))
    return written.strip()
