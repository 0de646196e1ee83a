"""Digits in the places of a number format: 0 always, # where there is one, ? with a space."""

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

_PLACES = "0#?"
_GENERAL_DIGITS = 11
_LARGEST_QUICK = 1e9
_NEAR_HALF = 1e-5
_LARGEST_PLAIN = 1e15  # beyond it a double does not hold every integer

_Tokens = Sequence[tuple[str, str]]  # kind and text, as of number_format.Token


def general(value: float) -> str:
    """Without a format: as many digits as a cell shows, all of them before the point."""
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= _LARGEST_PLAIN or 0 < size < 1e-9:
        return f"{value:.5E}".replace("E-0", "E-").replace("E+0", "E+")
    if value == int(value):
        return str(int(value))
    decimals = max(_GENERAL_DIGITS - 1 - len(str(int(size))), 2)
    shown = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def number_shower(tokens: _Tokens) -> Callable[[float], str]:
    """What writes a number that is not negative into the places of `tokens`, with the characters
    between them."""
    marks = [text for kind, text in tokens if kind == "digit"]
    point = marks.index(".") if "." in marks else len(marks)
    whole = [mark for mark in marks[:point] if mark in _PLACES]
    decimals = [mark for mark in marks[point:] if mark in _PLACES]
    thousands, grouped = _commas(marks)
    power = 2 * marks.count("%") - 3 * thousands
    step = Decimal(1).scaleb(-len(decimals))

    def exact(value: float) -> str:
        scaled = Decimal(repr(value)).scaleb(power).quantize(step, ROUND_HALF_UP)
        digits, _, rest = f"{scaled:f}".partition(".")
        places = _whole_places(digits.lstrip("0"), whole, grouped=grouped)
        return _laid(tokens, places, _decimal_places(rest, decimals))

    if not _is_plain(tokens, whole, decimals):
        return exact
    before, after = _around(tokens)
    width = whole.count("0")
    count = len(decimals)
    factor = 10.0**power

    def quick(value: float) -> str:
        scaled = value * factor
        rest = scaled * 10**count % 1
        # Where a half decides, or the product is not what the decimal number says: the long way.
        if abs(rest - 0.5) < _NEAR_HALF or scaled >= _LARGEST_QUICK:
            return exact(value)
        shown = f"{scaled:,.{count}f}" if grouped else f"{scaled:.{count}f}"
        missing = width - len(shown.partition(".")[0]) if width > 1 else 0
        return exact(value) if missing > 0 and grouped else before + "0" * missing + shown + after

    return quick


def _is_plain(tokens: _Tokens, whole: Sequence[str], decimals: Sequence[str]) -> bool:
    """Whether all places stand together, with a zero before the point and none that may be left
    out behind it."""
    kinds = "".join("d" if kind == "digit" and text != "%" else "x" for kind, text in tokens)
    together = "d" in kinds and "x" not in kinds.strip("x")
    return together and whole[-1:] == ["0"] and set(whole) <= {"0", "#"} and set(decimals) <= {"0"}


def _around(tokens: _Tokens) -> tuple[str, str]:
    places = [n for n, (kind, text) in enumerate(tokens) if kind == "digit" and text != "%"]
    before = "".join(text for _, text in tokens[: places[0]])
    return before.lstrip(), "".join(text for _, text in tokens[places[-1] + 1 :]).rstrip()


def scientific_text(tokens: _Tokens, value: float) -> str:
    """`0.00E+00`, with as many digits before the point as the format has places."""
    before = [t for k, t in tokens[: _index_of(tokens, "exponent")] if k == "digit"]
    decimals = len(before[before.index(".") :]) - 1 if "." in before else 0
    whole = max(sum(mark in _PLACES for mark in before) - decimals, 1)
    code = next(text for kind, text in tokens if kind == "exponent")
    power = 0
    if value:
        power = Decimal(repr(value)).adjusted()
        power -= power % whole if whole > 1 else 0
    mantissa = Decimal(repr(value)).scaleb(-power)
    shown = f"{mantissa.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"
    sign = "-" if power < 0 else "+" if code[1] == "+" else ""
    return f"{shown}{code[0]}{sign}{abs(power):0{len(code) - 2}d}"


def fraction_text(tokens: _Tokens, value: float) -> str:
    """`# ?/?`: a whole number and a fraction, or the fraction alone where the format has no `#`."""
    slash = next(n for n, (kind, text) in enumerate(tokens) if kind == "digit" and text == "/")
    fixed = "".join(text for _, text in tokens[slash + 1 :]).strip()
    places = sum(text in _PLACES for _, text in tokens[slash + 1 :])
    exact = Fraction(Decimal(repr(value)))
    if fixed.isdecimal() and fixed.strip("0"):
        bottom = int(fixed)
        top = round(exact * bottom)
    else:
        near = exact.limit_denominator(10 ** max(places, 1) - 1)
        top, bottom = near.numerator, near.denominator
    groups = "".join(text if kind == "digit" else " " for kind, text in tokens[:slash]).split()
    if len(groups) < 2:
        return f"{top}/{bottom}"
    whole, top = divmod(top, bottom)
    parts = [str(whole)] if whole or not top else []
    return " ".join([*parts, f"{top}/{bottom}"] if top else parts)


def _index_of(tokens: _Tokens, kind: str) -> int:
    return next(n for n, token in enumerate(tokens) if token[0] == kind)


def _commas(marks: Sequence[str]) -> tuple[int, bool]:
    """Commas behind the last place, or right before the point, divide by a thousand each; one
    between places groups digits."""
    point = marks.index(".") if "." in marks else len(marks)
    whole = [n for n, mark in enumerate(marks[:point]) if mark in _PLACES]
    places = [n for n, mark in enumerate(marks) if mark in _PLACES]
    if not whole:
        return 0, False
    behind = sum(mark == "," for mark in marks[places[-1] :])
    if places[-1] != whole[-1]:
        behind += sum(mark == "," for mark in marks[whole[-1] : point])
    return behind, any(mark == "," for mark in marks[whole[0] : whole[-1]])


def _whole_places(digits: str, places: Sequence[str], *, grouped: bool) -> list[str]:
    """What stands in each place before the point; the first takes all digits that are left."""
    if not places:
        return []
    filled: list[str] = []
    count = 0
    for number, mark in enumerate(reversed(places)):
        last = number == len(places) - 1
        taken = digits if last else digits[-1:]
        digits = "" if last else digits[:-1]
        if not taken:
            taken = {"0": "0", "?": " ", "#": ""}[mark]
        part = ""
        for digit in reversed(taken):
            separator = "," if grouped and count and count % 3 == 0 and digit != " " else ""
            part = digit + separator + part
            count += 1
        filled.append(part)
    return filled[::-1]


def _decimal_places(digits: str, places: Sequence[str]) -> list[str]:
    filled: list[str] = []
    kept = len(digits.rstrip("0"))
    for number, mark in enumerate(places):
        filled.append(digits[number] if mark == "0" or number < kept else " " * (mark == "?"))
    return filled


def _laid(tokens: _Tokens, whole: list[str], decimals: list[str]) -> str:
    """The filled places with what stands between them. Without places before the point nothing
    is written there."""
    parts: list[str] = []
    behind = False
    left, right = iter(whole), iter(decimals)
    for kind, text in tokens:
        if kind != "digit":
            parts.append(text)
        elif text == ".":
            behind = True
            parts.append("." if any(d.strip() for d in decimals) else "")
        elif text in _PLACES:
            parts.append(next(right if behind else left))
        elif text == "%":
            parts.append("%")
    return "".join(parts).strip()
