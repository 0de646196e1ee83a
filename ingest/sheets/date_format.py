"""Dates, times and durations in the format codes of a spreadsheet."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

DATE_TOKENS = r"am/pm|a/p|上午/下午|y+|e+(?![+-])|m+|d+|h+|s+(?:\.0+)?|aaaa?(?!\w)|b{2,4}"

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHINESE_DAYS = "一二三四五六日"
_CHINESE_MONTHS = (*"一二三四五六七八九十", "十一", "十二")
_BUDDHIST = 543
_REMEMBERED = 2000  # dates come again and again
_LAST_OF_FALSE_LEAP = 60  # 1900 was no leap year, though spreadsheets count its 29 February

_Tokens = Sequence[tuple[str, str]]  # kind and text, as of number_format.Token


def to_datetime(serial: float, *, from_1904: bool = False, digits: int = 0) -> datetime:
    """The moment a serial number stands for, rounded to the second or its `digits` decimals.
    Raises ValueError where it is none."""
    if serial < 0:
        raise ValueError("before the first day")
    seconds = round(serial * 86_400, digits)
    if from_1904:
        return datetime(1904, 1, 1) + timedelta(seconds=seconds)
    first = datetime(1899, 12, 31 if serial < _LAST_OF_FALSE_LEAP else 30)
    return first + timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """A date without its midnight."""
    if moment.time() == datetime.min.time():
        return moment.date().isoformat()
    return moment.isoformat(" ", "seconds")


def date_shower(tokens: _Tokens, *, from_1904: bool, chinese: bool) -> Callable[[float], str]:
    """What writes a number as a date, a time of day, or an elapsed time; that raises ValueError."""
    tokens = _with_minutes(_joined_fractions(tokens))
    places = [text.partition(".")[2] for kind, text in tokens if kind in ("date", "elapsed")]
    digits = max(map(len, places), default=0)
    elapsed = any(kind == "elapsed" for kind, _ in tokens)
    noon = any(text.lower() in ("am/pm", "a/p", "上午/下午") for _, text in tokens)

    @lru_cache(_REMEMBERED)
    def shown(value: float) -> str:
        total = round(abs(value) * 86_400, digits)
        if elapsed:
            moment = datetime(1900, 1, 1) + timedelta(seconds=total % 86_400)
        else:
            moment = to_datetime(value, from_1904=from_1904, digits=digits)
        parts = ["-"] if elapsed and value < 0 else []
        for kind, text in tokens:
            if kind == "elapsed":
                unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
                parts.append(f"{int(total // unit):0{len(text)}d}")
            elif kind == "date":
                parts.append(_field(text.lower(), moment, noon=noon, chinese=chinese))
            else:
                parts.append(text)
        return "".join(parts).strip()

    return shown


def _joined_fractions(tokens: _Tokens) -> list[tuple[str, str]]:
    """`[ss].00`: the fraction belongs to the seconds."""
    found: list[tuple[str, str]] = []
    for kind, text in tokens:
        if kind == "digit" and text in ".0" and found and found[-1][0] == "elapsed":
            continue
        found.append((kind, text))
    return found


def _with_minutes(tokens: _Tokens) -> list[tuple[str, str]]:
    """An m behind hours or before seconds is a minute, written `n` from here on."""
    places = [n for n, (kind, _) in enumerate(tokens) if kind in ("date", "elapsed")]
    places = [n for n in places if "/" not in tokens[n][1]]
    made = list(tokens)
    for index, place in enumerate(places):
        kind, text = tokens[place]
        if kind != "date" or text[0] not in "mM" or len(text) > 2:
            continue
        before = tokens[places[index - 1]][1][0].lower() if index else ""
        behind = tokens[places[index + 1]][1][0].lower() if index + 1 < len(places) else ""
        if before == "h" or behind == "s":
            made[place] = (kind, "n" * len(text))
    return made


def _field(text: str, moment: datetime, *, noon: bool, chinese: bool) -> str:
    kind = text[0]
    if kind == "m":
        return _month(text, moment, chinese=chinese)
    if kind == "d":
        return _day(text, moment, chinese=chinese)
    if kind in "hns":
        return _time(text, moment, noon=noon)
    if kind in "yeb":
        year = moment.year + _BUDDHIST * (kind == "b")
        return f"{year % 100:02d}" if text in ("y", "yy") else f"{year:04d}"
    return _NAMES[text](moment) if text in _NAMES else ""


_NAMES: dict[str, Callable[[datetime], str]] = {
    "上午/下午": lambda moment: "上午" if moment.hour < 12 else "下午",
    "am/pm": lambda moment: "AM" if moment.hour < 12 else "PM",
    "a/p": lambda moment: "A" if moment.hour < 12 else "P",
    "aaaa": lambda moment: f"星期{_CHINESE_DAYS[moment.weekday()]}",
    "aaa": lambda moment: _CHINESE_DAYS[moment.weekday()],
}


def _time(text: str, moment: datetime, *, noon: bool) -> str:
    if text[0] == "h":
        hour = (moment.hour % 12 or 12) if noon else moment.hour
        return f"{hour:0{min(len(text), 2)}d}"
    if text[0] == "n":
        return f"{moment.minute:0{len(text)}d}"
    whole, _, places = text.partition(".")
    shown = f"{moment.second:0{min(len(whole), 2)}d}"
    return f"{shown}.{f'{moment.microsecond:06d}'[: len(places)]}" if places else shown


def _month(text: str, moment: datetime, *, chinese: bool) -> str:
    if len(text) <= 2:
        return f"{moment.month:0{len(text)}d}"
    if chinese:
        return f"{_CHINESE_MONTHS[moment.month - 1]}月"
    name = _MONTHS[moment.month - 1]
    return {3: name[:3], 5: name[0]}.get(len(text), name)


def _day(text: str, moment: datetime, *, chinese: bool) -> str:
    if len(text) <= 2:
        return f"{moment.day:0{len(text)}d}"
    if chinese:
        return f"{'星期' if len(text) > 3 else '周'}{_CHINESE_DAYS[moment.weekday()]}"
    name = _DAYS[moment.weekday()]
    return name[:3] if len(text) == 3 else name
