"""Appointments and tasks of a calendar, as messages invite to them (RFC 5545)."""

import re
from collections.abc import Iterator

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Z-]+)((?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(.*)")
_NAME = re.compile(r";CN=(?:\"([^\"]*)\"|([^;]*))")
_ZONE = re.compile(r";TZID=\"?([^;\"]*)")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ESCAPED = re.compile(r"\\(.)")
_SHOWN = {
    "SUMMARY": "Summary",
    "DTSTART": "Start",
    "DTEND": "End",
    "DUE": "Due",
    "RRULE": "Repeats",
    "LOCATION": "Location",
    "STATUS": "Status",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee",
    "DESCRIPTION": "Description",
}


def appointments(calendar: str) -> Iterator[str]:
    """What people read of each, a line a field, and a blank line behind it."""
    inside: list[str] = []
    for line in _FOLD.sub("", calendar).splitlines():
        field = _LINE.fullmatch(line.strip())
        if field is None:
            continue
        name, parameters, value = field.groups()
        if name == "BEGIN":
            inside.append(value)
        elif name == "END" and inside:
            if inside.pop() in ("VEVENT", "VTODO"):
                yield ""
        elif name in _SHOWN and inside and inside[-1] in ("VEVENT", "VTODO"):
            yield f"{_SHOWN[name]}: {_value(name, parameters, value)}"


def _value(name: str, parameters: str, value: str) -> str:
    if name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)^mailto:", "", value)
        person = _NAME.search(parameters)
        label = (person[1] or person[2] or "") if person else ""
        return f"{label} <{address}>" if label else address
    if moment := _MOMENT.fullmatch(value):
        year, month, day, hour, minute, is_utc = moment.groups()
        time = f" {hour}:{minute}" if hour else ""
        zone = _ZONE.search(parameters)
        return f"{year}-{month}-{day}{time}" + (
            " UTC" if is_utc else f" ({zone[1]})" if zone else ""
        )
    return _ESCAPED.sub(lambda pair: "\n" if pair[1] in "nN" else pair[1], value)
