"""Dates in Chinese numerals and in digits: a document that says 3月12日 answers 三月十二日."""

import re

_DIGITS = "〇一二三四五六七八九"
_NUMERAL = r"[一二三四五六七八九十]{1,3}"
_IN_WORDS = re.compile(
    rf"(?P<year>[二一][〇零○一二三四五六七八九]{{3}})(?=年)|(?P<month>{_NUMERAL})(?=月(?!份?的?时间))"
    rf"|(?<=月)(?P<day>{_NUMERAL})(?=[日号])"
)
_IN_DIGITS = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?=\s*年)|(?<![\d.])(?P<month>1[0-2]|0?[1-9])(?=\s*月)"
    r"|(?<=月)\s*(?P<day>3[01]|[12]\d|0?[1-9])(?=\s*[日号])"
)


def otherwise_dated(text: str) -> str:
    """`text` with its dates in the other form; empty where it has none."""
    if _IN_WORDS.search(text):
        return _IN_WORDS.sub(lambda found: _in_digits(found[0]), text)
    if _IN_DIGITS.search(text):
        return _IN_DIGITS.sub(_in_words, text)
    return ""


def _in_digits(numeral: str) -> str:
    if "十" in numeral:
        tens, _, ones = numeral.partition("十")
        return str(10 * (_DIGITS.find(tens) if tens else 1) + (_DIGITS.find(ones) if ones else 0))
    plain = numeral.replace("零", "〇").replace("○", "〇")
    return "".join(str(_DIGITS.find(char)) for char in plain)


def _in_words(found: re.Match[str]) -> str:
    if found["year"]:
        return "".join(_DIGITS[int(char)] for char in found["year"])
    number = int(found["month"] or found["day"])
    tens, ones = divmod(number, 10)
    before = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return before + (_DIGITS[ones] if ones else "")
