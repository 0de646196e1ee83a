"""Numbers written in Chinese characters, as digits: 十五天 is 15 天, 二〇二四年 is 2024 年."""

import re

_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10_000, "亿": 100_000_000}
_LONGEST = 20  # characters; a longer run is no number, and would take long to turn into one
_NUMERAL = re.compile(f"[{''.join((*_DIGITS, *_UNITS, *_GROUPS))}]+")


def numerals_as_digits(text: str) -> str:
    """`text` with every run of Chinese numerals written in digits; 百分之五 becomes 5%."""
    plain = re.sub(r"百分之([〇零一二两三四五六七八九十百]+)", r"\1%", text)
    return _NUMERAL.sub(lambda found: _in_digits(found[0]), plain)


def _in_digits(numeral: str) -> str:
    if len(numeral) > _LONGEST:
        return numeral
    if all(char in _DIGITS for char in numeral):  # a year, a telephone number
        return "".join(str(_DIGITS[char]) for char in numeral)
    return str(_value(numeral))


def _value(numeral: str) -> int:
    total = group = digit = 0
    for char in numeral:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            group += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            group += digit
            if char == "亿":  # of everything before it: 两万亿
                total = (total + group) * _GROUPS[char]
            else:
                total += (group or 1) * _GROUPS[char]
            group = digit = 0
    return total + group + digit
