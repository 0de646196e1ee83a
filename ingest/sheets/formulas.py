"""Formulas as text: a shared one moved from its first cell to another."""

import re

# References outside of texts in quotation marks; a name in front of a bracket is a function.
_PART = re.compile(
    r"\"[^\"]*\"|'[^']*'|(?<![A-Za-z0-9_.])(\$?)([A-Z]{1,3})(\$?)(\d{1,7})(?![A-Za-z0-9_(])"
)


def shifted(formula: str, rows: int, columns: int) -> str:
    """The formula `rows` further down and `columns` further right; references with `$` stay."""

    def moved(part: re.Match[str]) -> str:
        if part[2] is None:
            return part[0]
        letters = part[2] if part[1] else _letters(_number(part[2]) + columns)
        row = part[4] if part[3] else str(int(part[4]) + rows)
        return f"{part[1]}{letters}{part[3]}{row}"

    return _PART.sub(moved, formula)


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters(number: int) -> str:
    letters = ""
    number = max(number, 1)
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
