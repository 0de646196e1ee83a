"""Numbers in words as digits: 十五天 is 15 天, 百分之五 is 5%, "twenty-four months" 24 months."""

import re
import unicodedata

from app.rag.grounding.facts.periods import days_in_english
from app.rag.grounding.facts.units import UNITS
from ingest.numerals import LEGAL_DIGITS, LEGAL_TRADITIONAL

_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10_000, "亿": 100_000_000}
_LEGAL = f"{LEGAL_DIGITS}{LEGAL_TRADITIONAL}拾佰仟萬億万亿"
_PLAIN = str.maketrans(_LEGAL, "零一二三四五六七八九" * 2 + "十百千万亿万亿")
# 贰佰万圆: alone these characters are words and names, such as 队伍 and 大陆.
_FORMAL = re.compile(rf"([{_LEGAL}]{{2,}}|[{_LEGAL}](?=[圆圓元角分份式])|(?<=\d)[萬億])([圆圓]?)")
_LONGEST = 20  # characters; a longer run is no number, and would take long to turn into one
_NUMERAL = re.compile(
    f"(?<!\\d)(?<!\\d )(?<!\\d\\.)(?<!\\d[万亿])[{''.join((*_DIGITS, *_UNITS, *_GROUPS))}]+"
)
_HAN_UNITS = [unit for unit in UNITS if "\u3400" <= unit[0] <= "\u9fff"]
# What is counted or measured; 一般, 十分 and 统一 are no numbers.
_COUNTED = re.compile(
    r"\s*(?:个|名|位|人|次|倍|份|件|台|套|张|条|项|种|类|点|步|章|节|款|级|层|楼|号|页|本|间|辆|只|家|组|批|座|期|届|轮|户"
    r"|剂|片|粒|瓶|袋|箱|包|盒|支|把|根|棵|株|头|匹|艘|架|栋|幢|所|室|门|科|课|节|堂|篇|首|部|册|卷|集|段|行|列|排|队|班|票|笔|单|例|处|口|分(?!之|别)"
    rf"|日|月|周|时|刻|折|兆|平方|立方|万|亿|{'|'.join(_HAN_UNITS)}|[%‰‱]|\.|至|到|[-–—~])"
)
_ONE_OF_MANY = re.compile(r"\s*(?:[个种些次份件位名条项点类步章级层家组批期轮]|[至到])")
_SHARE = re.compile(r"([百千万])分之\s*([〇零一二两三四五六七八九十百点.\d]+)")
_SHARES = {"百": "%", "千": "‰", "万": "‱"}
_SUM = re.compile(r"(\d+)[元块](\d)[角毛](?:(\d)分)?")
# Hyphens in place of minus signs; a dash between two numbers is a range.
_MINUS = re.compile(r"−|(?<![\w)）])–(?=\d)|(?:零下|(?<![\u3400-\u9fff])负|\bminus\s)\s*(?=\d)")
_BELOW_ZERO = re.compile(
    r"(?<![\d.-])(\d+(?:\.\d+)?\s*(?:°c?|degrees?(?: celsius)?)?) below (?:zero|0|freezing)\b"
)
_POINT = re.compile(
    r"(?<=[〇零一二三四五六七八九十])点(?=[〇零一二三四五六七八九])(?![〇零一二三四五六七八九十]*[分刻钟])"
)
_FRACTION = re.compile(r"([一二三四五六七八九十\d]{1,9})分之([一二三四五六七八九十\d]{1,9})")
_WORDS = {
    word: value
    for value, word in enumerate(
        re.findall(
            r"[^ \n]+",
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen""",
        )
    )
} | {
    word: 10 * value
    for value, word in enumerate(
        re.findall(
            r"[^ \n]+",
            """twenty thirty forty fifty sixty seventy eighty ninety""",
        ),
        2,
    )
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_TENS = "|".join(word for word, value in _WORDS.items() if value >= 20)
_WORD = "|".join(_WORDS)
_IN_WORDS = re.compile(
    rf"\b(?:(?:{_TENS})[- ](?:{_WORD})|{_WORD})"
    rf"(?:[ -](?:{'|'.join(_SCALES)})(?:[ -](?:and )?(?:{_TENS})?[- ]?(?:{_WORD})\b)?)?\b"
)
_ORDINALS = {
    word: number
    for number, word in enumerate(
        re.findall(
            r"[^ \n]+", "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
        ),
        3,
    )
}
# "The fourth day" is a number, "the third party" is none.
_ORDINAL = re.compile(
    rf"\b({'|'.join(_ORDINALS)})(?= (?:(?:working|business|calendar) )?(?:day|week|month|year)\b)"
)
_MEASURED = re.compile(r"[ -](?:day|week|month|quarter|year|hour|minute|second|euro|dollar|yuan)")
_THOUSANDS = re.compile(
    r"(?<=\d)[,，](?=\d{3}(?!\d))|(?<=\d)[ \u2009\u202f'](?=\d{3}(?:[ '.]|\b)(?!\d))"
)


def folded(text: str, *, source: bool = False) -> str:
    """Half width, lower case, numbers in digits without thousands separators.

    In a source any "one" is a number; elsewhere only one that measures, one day but not one way.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _ORDINAL.sub(lambda found: f"第{_ORDINALS[found[1]]}", plain)
    plain = _IN_WORDS.sub(lambda found: _of_words(found, source), _THOUSANDS.sub("", plain))
    plain = days_in_english(_usual(plain))
    plain = _FRACTION.sub(lambda m: f"{_in_digits(m[2])}/{_in_digits(m[1])}", plain)
    plain = _NUMERAL.sub(lambda found: _numeral(found, source), _POINT.sub(".", plain))
    plain = _SUM.sub(lambda m: f"{m[1]}.{m[2]}{m[3] or ''}元", plain)
    return _BELOW_ZERO.sub(r"-\1", _MINUS.sub("-", plain))


def numerals_as_digits(text: str) -> str:
    """`text` with every run of Chinese numerals written in digits; 百分之五 becomes 5%."""
    return _NUMERAL.sub(lambda found: _in_digits(found[0]), _usual(text))


def _usual(text: str) -> str:
    """Without formal numerals, and with signs for shares of a hundred and a thousand."""
    text = _FORMAL.sub(lambda m: m[1].translate(_PLAIN) + ("元" if m[2] else ""), text)
    return _SHARE.sub(lambda m: m[2] + _SHARES[m[1]], text)


def _numeral(found: re.Match[str], source: bool) -> str:
    numeral, behind = found[0], found.string[found.end() : found.end() + 3]
    counted = _COUNTED.match(behind)
    if numeral == "十" and re.match("分(?!钟)", behind) and found.string[found.start() - 1] != "点":
        return numeral  # 十分: very
    if found.string[: found.start()].endswith("第"):
        return _in_digits(numeral)
    if numeral == "一" and not source and _ONE_OF_MANY.match(behind) and behind[:2] != "个月":
        return numeral
    return _in_digits(numeral) if counted or len(numeral) > 2 else numeral


def _of_words(found: re.Match[str], source: bool) -> str:
    if found[0] == "one" and not source and not _MEASURED.match(found.string, found.end()):
        return found[0]
    total = part = 0
    for word in re.split(r"[- ]", found[0]):
        if word in _SCALES:
            total, part = total + max(part, 1) * _SCALES[word], 0
        else:
            part += _WORDS.get(word, 0)
    return str(total + part)


def _in_digits(numeral: str) -> str:
    if len(numeral) > _LONGEST or numeral.isdecimal():
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
