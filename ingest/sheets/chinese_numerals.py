"""Figures of a shown number as the formats [DBNum1] and [DBNum2] write them: 一千二百, 壹仟贰佰.

Sums in words stand on invoices and claims. Excel counts numbers and spells years.
"""

import re

_DIGITS = {"1": "〇一二三四五六七八九", "2": "零壹贰叁肆伍陆柒捌玖"}
_UNITS = {"1": ("", "十", "百", "千"), "2": ("", "拾", "佰", "仟")}
_GROUPS = ("", "万", "亿", "万亿")  # of four digits each
_NUMBER = re.compile(r"(?<![\dEe+])(\d[\d,]*)(\.\d+)?(?![\dEe])")
_YEAR_DIGITS = 4


def in_words(shown: str, kind: str) -> str:
    """The number in `shown`, counted. `kind` is 1 for plain characters, 2 for those of cheques."""

    def words(number: re.Match[str]) -> str:
        whole = number[1].replace(",", "")
        if len(whole) > 4 * len(_GROUPS):
            return number[0]
        return _counted(whole, kind) + (f".{_spelt(number[2][1:], kind)}" if number[2] else "")

    return _NUMBER.sub(words, shown)


def date_in_words(shown: str, kind: str) -> str:
    """The figures of a date: years spelt, months and days counted, 十二 without a one in front."""

    def words(number: re.Match[str]) -> str:
        if len(number[0]) >= _YEAR_DIGITS or number[0].startswith("0"):
            return _spelt(number[0], kind)
        counted = _counted(number[0], kind)
        return counted[1:] if 10 <= int(number[0]) < 20 else counted

    return re.sub(r"\d+", words, shown)


def _spelt(figures: str, kind: str) -> str:
    return "".join(_DIGITS[kind][int(figure)] for figure in figures)


def _counted(figures: str, kind: str) -> str:
    """At most as many groups of four as have names."""
    figures = figures.lstrip("0")
    digits, units = _DIGITS[kind], _UNITS[kind]
    if not figures:
        return digits[0]
    parts: list[str] = []
    skipped = False
    for index, figure in enumerate(figures):
        place = len(figures) - 1 - index
        if figure == "0":
            skipped = True
        else:
            parts.append((digits[0] if skipped else "") + digits[int(figure)] + units[place % 4])
            skipped = False
        if place % 4 == 0 and figures[max(index - 3, 0) : index + 1].strip("0"):
            parts.append(_GROUPS[place // 4])
    return "".join(parts)
