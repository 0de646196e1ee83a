"""Numbers as a sheet shows them, by the format codes that xls, xlsx and SpreadsheetML share.

    formatter('"¥"#,##0.00')(1234.5) == "¥1,234.50"
    formatter("[h]:mm")(1.1041666) == "26:30"

Format codes: ECMA-376 part 1, 18.8.31. Dates whose form depends on the reader's system are ISO.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from ingest.sheets.chinese_numerals import date_in_words, in_words
from ingest.sheets.date_format import DATE_TOKENS, date_shower
from ingest.sheets.digits import fraction_text, general, number_shower, scientific_text

Formatter = Callable[[float], str]

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"¥"#,##0;-"¥"#,##0', 6: '"¥"#,##0;-"¥"#,##0',
    7: '"¥"#,##0.00;-"¥"#,##0.00', 8: '"¥"#,##0.00;-"¥"#,##0.00', 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm",
    17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy-mm-dd hh:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "m-d-yy",
    31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"',
    34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"',
    37: "#,##0;-#,##0", 38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00", 41: "#,##0;-#,##0;-",
    42: '"¥"#,##0;-"¥"#,##0;"¥"-', 43: "#,##0.00;-#,##0.00;-",
    44: '"¥"#,##0.00;-"¥"#,##0.00;"¥"-', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0", 49: "@", 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"',
    53: 'm"月"d"日"', 54: 'm"月"d"日"', 55: '上午/下午h"时"mm"分"',
    56: '上午/下午h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
}  # fmt: skip

_SYSTEM_DATE, _SYSTEM_TIME = "$-F800", "$-F400"
_TOKEN = re.compile(
    r'"([^"]*)"?|[\\!](.)|[_*](.)|\[([^\]]*)\]|(General|G/通用格式)|([eE][+-][0#?]+)'
    rf"|({DATE_TOKENS})|([0#?]|[.,%@/])|(.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_COLOUR = re.compile(r"(?:red|blue|green|color|红|蓝|绿|颜色).{0,5}", re.IGNORECASE)
_WORDS = re.compile(r"DBNum([12])", re.IGNORECASE)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_NOT_ZERO = re.compile("[1-9]")
_MAX_CODE = 255  # characters; Excel takes no more


class Token(NamedTuple):
    """`kind`: literal, digit (0 # ? . , %), date, elapsed, general, exponent, text."""

    kind: str
    text: str


class _Section(NamedTuple):
    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None = None
    chinese: bool = False  # names of months and days
    words: str = ""  # 1 or 2: how figures are written as Chinese characters
    coloured: bool = False


@lru_cache(4096)
def formatter(code: str, *, from_1904: bool = False) -> Formatter:
    """What shows a number in that format; a code that makes no sense shows it plainly."""
    sections = [_section(part) for part in _parts(code[:_MAX_CODE])][:4]
    if not sections or sections == [_Section((Token("general", "General"),))]:
        return general
    writers = [_writer(section, from_1904=from_1904) for section in sections]

    def shown(value: float) -> str:
        number, signed = _chosen(sections, value)
        try:
            text = writers[number](value, signed)
            only_red = value < 0 < number and sections[number].coloured
            return f"-{text}" if only_red and text == writers[0](-value, False) else text
        except (ValueError, OverflowError, ArithmeticError):
            return general(value)

    return shown


def text_shown(code: str, text: str) -> str:
    """A text in a cell of that format, which may put words around it: `"No. "@`."""
    if "@" not in code:
        return text
    section = next((s for part in _parts(code) if "@" in part for s in [_section(part)]), None)
    if section is None:
        return text
    return "".join(text if kind == "text" else said for kind, said in section.tokens)


def _parts(code: str) -> list[str]:
    """The sections between semicolons, those in quotation marks or brackets aside."""
    return re.findall(r'(?:"[^"]*"?|\\.|\[[^\]]*\]|[^;"\\\[]|[\\\[])+|(?<=;)(?=;|$)|^(?=;)', code)


def _section(part: str) -> _Section:
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    chinese = coloured = False
    words = ""
    for found in _TOKEN.finditer(part):
        quoted, escaped, padding, bracket, plain, exponent, date, digit, other = found.groups()
        if bracket is not None:
            if match := _CONDITION.fullmatch(bracket):
                condition = (match[1], float(match[2]))
            chinese = chinese or bool(re.fullmatch(r"\$-0*[\dA-F]*(?:804|404)", bracket, re.I))
            coloured = coloured or bool(_COLOUR.fullmatch(bracket))
            if match := _WORDS.fullmatch(bracket):
                words = match[1]
            tokens += _bracketed(bracket)
        elif padding is not None:
            tokens.append(Token("literal", " " if found[0][0] == "_" and padding == " " else ""))
        elif plain:
            tokens.append(Token("general", plain))
        elif exponent:
            tokens.append(Token("exponent", exponent))
        elif date:
            tokens.append(Token("date", date))
        elif digit:
            tokens.append(Token("text" if digit == "@" else "digit", digit))
        else:
            tokens.append(Token("literal", quoted or escaped or other or ""))
    return _Section(tuple(tokens), condition, chinese, words, coloured)


def _bracketed(inside: str) -> list[Token]:
    """A currency, an elapsed time, or the system's own date; colours and the like say nothing."""
    upper = inside.upper()
    if upper.startswith(_SYSTEM_DATE):
        return [Token("system", "yyyy-mm-dd")]
    if upper.startswith(_SYSTEM_TIME):
        return [Token("system", "hh:mm:ss")]
    if inside.startswith("$"):
        return [Token("literal", inside[1:].partition("-")[0])]
    return [Token("elapsed", inside.lower())] if _ELAPSED.fullmatch(inside) else []


def _chosen(sections: Sequence[_Section], value: float) -> tuple[int, bool]:
    """Which section is for this value, and whether its minus sign is still to be written."""
    if any(section.condition for section in sections):
        for number, section in enumerate(sections):
            if section.condition is None or _holds(section.condition, value):
                return number, value < 0
        return len(sections) - 1, value < 0
    if len(sections) == 1 or (value >= 0 and len(sections) == 2):
        return 0, value < 0
    if value < 0:
        return 1, False
    return (2 if value == 0 and len(sections) > 2 else 0), False


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, limit = condition
    return {
        "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit,
        "=": value == limit, "<>": value != limit,
    }[sign]  # fmt: skip


def _writer(section: _Section, *, from_1904: bool) -> Callable[[float, bool], str]:
    """What writes a value in that section; the flag asks for its minus sign."""
    figures = _figures_writer(section, from_1904=from_1904)
    if not section.words:
        return figures
    is_date = any(token.kind == "date" for token in section.tokens)
    write = date_in_words if is_date else in_words
    return lambda value, signed: write(figures(value, signed), section.words)


def _figures_writer(section: _Section, *, from_1904: bool) -> Callable[[float, bool], str]:
    tokens = section.tokens
    kinds = {token.kind for token in tokens}
    if "system" in kinds:
        code = next(token.text for token in tokens if token.kind == "system")
        return _writer(_section(code), from_1904=from_1904)
    if kinds & {"date", "elapsed"}:
        date = date_shower(tokens, from_1904=from_1904, chinese=section.chinese)
        return lambda value, _: date(value)
    if "general" in kinds or "text" in kinds:
        return lambda value, signed: (
            "-" * signed
            + "".join(
                general(abs(value)) if kind in ("general", "text") else text
                for kind, text in tokens
            )
        )
    if "exponent" in kinds:
        return lambda value, signed: "-" * signed + scientific_text(tokens, abs(value))
    if any(kind == "digit" and text == "/" for kind, text in tokens):
        return lambda value, signed: "-" * signed + fraction_text(tokens, abs(value))
    number = number_shower(tokens)

    def shown(value: float, signed: bool) -> str:
        text = number(abs(value))
        return "-" + text if signed and _NOT_ZERO.search(text) else text

    return shown
