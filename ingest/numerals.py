"""Numbers as Word's number formats write them (ECMA-376, ST_NumberFormat)."""

from collections.abc import Callable

_CJK_DIGITS = "〇一二三四五六七八九"
LEGAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
LEGAL_TRADITIONAL = "零壹貳參肆伍陸柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_AIUEO = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
)
_GANADA = "가나다라마바사아자차카타파하"
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")),
    *((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def numeral(value: int, style: str) -> str:
    """`value` in a number format; formats that are not known are written in decimal digits."""
    write = _WRITERS.get(style)
    return write(value) if write is not None and value > 0 else str(value)


def _letters(value: int) -> str:
    """a … z, aa, bb, as Word goes on after z."""
    times, letter = divmod(value - 1, 26)
    return chr(ord("a") + letter) * min(times + 1, 20)


def _roman(value: int) -> str:
    if value >= 5000:
        return str(value)
    parts: list[str] = []
    for amount, letters in _ROMAN:
        times, value = divmod(value, amount)
        parts.append(letters * times)
    return "".join(parts)


def _counting(digits: str, units: str, *, whole_tens: bool = False) -> Callable[[int], str]:
    """二十一 of 21, 一百零五 of 105; `digits` from zero to nine, `units` ten to thousand.

    With `whole_tens` 10 to 19 begin with a one: 壹拾壹, but 十一.
    """

    def write(value: int) -> str:
        if value >= 10_000:
            return str(value)
        parts: list[str] = []
        skipped = False
        for place, digit in zip(range(len(str(value)) - 1, -1, -1), str(value), strict=True):
            if digit == "0":
                skipped = True
                continue
            unit = units[place - 1] if place else ""
            parts.append(("零" if skipped else "") + digits[int(digit)] + unit)
            skipped = False
        text = "".join(parts)
        return text[1:] if 10 <= value < 20 and not whole_tens else text

    return write


def _digits(alphabet: str) -> Callable[[int], str]:
    return lambda value: "".join(alphabet[int(digit)] for digit in str(value))


def _series(alphabet: str) -> Callable[[int], str]:
    return lambda value: alphabet[value - 1] if value <= len(alphabet) else str(value)


def _code_points(first: int, count: int) -> Callable[[int], str]:
    return lambda value: chr(first + value - 1) if value <= count else str(value)


def _circled(value: int) -> str:
    for start, end, first in ((1, 20, 0x2460), (21, 35, 0x3251), (36, 50, 0x32B1)):
        if start <= value <= end:
            return chr(first + value - start)
    return str(value)


def _ordinal(value: int) -> str:
    teens = 10 <= value % 100 <= 20
    return f"{value}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th')}"


_chinese = _counting(_CJK_DIGITS, "十百千")
_WRITERS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda value: f"{value:02}",
    "lowerLetter": _letters,
    "upperLetter": lambda value: _letters(value).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda value: _roman(value).upper(),
    "ordinal": _ordinal,
    "numberInDash": lambda value: f"- {value} -",
    "chineseCounting": _chinese,
    "chineseCountingThousand": _chinese,
    "japaneseCounting": _chinese,
    "taiwaneseCounting": _chinese,
    "taiwaneseCountingThousand": _chinese,
    "ideographDigital": _digits(_CJK_DIGITS),
    "japaneseDigitalTenThousand": _digits(_CJK_DIGITS),
    "taiwaneseDigital": _digits(_CJK_DIGITS),
    "chineseLegalSimplified": _counting(LEGAL_DIGITS, "拾佰仟", whole_tens=True),
    "ideographLegalTraditional": _counting(LEGAL_TRADITIONAL, "拾佰仟", whole_tens=True),
    "ideographTraditional": _series(_STEMS),
    "ideographZodiac": _series(_BRANCHES),
    "ideographEnclosedCircle": _code_points(0x3280, 10),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedParen": _code_points(0x2474, 20),
    "decimalEnclosedFullstop": _code_points(0x2488, 20),
    "decimalFullWidth": _digits("０１２３４５６７８９"),
    "decimalFullWidth2": _digits("０１２３４５６７８９"),
    "aiueoFullWidth": _series(_AIUEO),
    "ganada": _series(_GANADA),
}
