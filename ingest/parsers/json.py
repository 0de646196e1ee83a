"""JSON and JSON lines: records as table rows where they are flat, else as lines `key: value`."""

import json
from collections.abc import Iterator, Sequence

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.parser import PageProgress
from ingest.types import Document

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_LINES = (".jsonl", ".ndjson")
_MAX_COLUMNS = 50
_MAX_CELL_CHARACTERS = 200  # beyond it a record reads better as lines
_MAX_HEADING_LEVEL = 4


class JsonParser:
    extensions = (".json", *_LINES)
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        text = decode(data, name)
        builder = DocumentBuilder(data, name, "application/json")
        try:
            if name.lower().endswith(_LINES):
                value: Json = [_loads(line) for line in text.splitlines() if line.strip()]
            else:
                value = _loads(text)
            _add(builder, value, level=1)
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
            raise ParseError(f"{name} is not valid JSON: {reason}.") from error
        return builder.build()


def _loads(text: str) -> Json:
    """Fractions stay as they are written: version 1.10 is not 1.1."""
    value: Json = json.loads(text, parse_float=str)
    return value


def _add(builder: DocumentBuilder, value: Json, *, level: int) -> None:
    match value:
        case dict():
            _add_object(builder, value, level=level)
        case list() if columns := _columns(value):
            records = [record for record in value if isinstance(record, dict)]
            rows = ([_cell(record.get(column)) for column in columns] for record in records)
            builder.table([columns, *rows])
        case list():
            for item in value:
                lines = list(_lines(item, ""))
                builder.paragraph("\n".join(lines))
        case _:
            builder.paragraph(_cell(value))


def _add_object(builder: DocumentBuilder, value: dict[str, Json], *, level: int) -> None:
    """Scalars as lines first, then each nested value under its key as a heading."""
    simple = [line for k, item in value.items() if not _deep(item) for line in _lines(item, k)]
    builder.paragraph("\n".join(simple))
    for key, item in value.items():
        if not _deep(item):
            continue
        if level <= _MAX_HEADING_LEVEL:
            builder.heading(key, level)
            _add(builder, item, level=level + 1)
        else:
            builder.paragraph("\n".join(_lines(item, key)))


def _columns(records: Sequence[Json]) -> list[str]:
    """The keys of records that make a table, in order; none where they don't."""
    keys: dict[str, None] = {}
    for record in records:
        if not isinstance(record, dict):
            return []
        for key, value in record.items():
            if _nested(value) or (isinstance(value, str) and len(value) > _MAX_CELL_CHARACTERS):
                return []
            keys[key] = None
    return list(keys) if len(records) > 1 and 1 < len(keys) <= _MAX_COLUMNS else []


def _nested(value: Json) -> bool:
    return isinstance(value, (dict, list)) and bool(value)


def _deep(value: Json) -> bool:
    """More than a line `key: value` can hold: objects, lists of them, lists of long texts."""
    if isinstance(value, list):
        return any(map(_nested, value)) or sum(len(_cell(v)) for v in value) > _MAX_CELL_CHARACTERS
    return _nested(value)


def _lines(value: Json, path: str) -> Iterator[str]:
    """`path: value` for every scalar below `value`."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _lines(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and not any(map(_nested, value)):
        listed = ", ".join(map(_cell, value))
        yield f"{path}: {listed}" if path else listed
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _lines(item, f"{path}[{number}]")
    else:
        yield f"{path}: {_cell(value)}" if path else _cell(value)


def _cell(value: Json) -> str:
    if value is None or value in ({}, []):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


PARSER = JsonParser()
