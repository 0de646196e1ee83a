"""Tells legacy encodings apart: each candidate's text is scored by how usual its letters are.

The score of a text is the logarithm of its probability (natural, ≤ 0) under a plain model of the
language: a letter's class has a share of the text, evenly spread over the letters of the class.
Short Chinese is undecidable by validity alone: nearly every pair of bytes is a character in GBK,
Big5, Shift-JIS and EUC-KR. Usual characters and the prior for GBK decide.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from math import log
from typing import NamedTuple

_MAX_ACCIDENT = 24
_SIGNS = set(
    re.findall(
        r"\S+",
        "DEGREE MICRO MULTIPLICATION DIVISION PLUS-MINUS SECTION COPYRIGHT REGISTERED POUND YEN "
        "MIDDLE NO-BREAK SUPERSCRIPT VULGAR LEFT-POINTING RIGHT-POINTING INVERTED CENT ACUTE",
    )
)
_SCORED_CHARACTERS = 4000
_RARE = -15.0
_LOST = -25.0  # no character at all in the encoding
_PLAUSIBLE = -12.0  # mean of the characters beyond ASCII; noise lies below
_MIXED = -2.5  # a Latin letter right beside one of another script
_LONE = -2.0  # a CJK character with none beside it
_SPACED = -2.0  # a space between two Chinese characters
_BESIDE_LATIN = re.compile(r"[A-Za-z](?=[^\x00-\xff])|[^\x00-\xff](?=[A-Za-z])")
_SINGLE = re.compile(r"(?<![^\x00-\x7f])[^\x00-\x7f](?![^\x00-\x7f])")
_SPACE_BETWEEN = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_UPPER_AFTER_LOWER = re.compile(
    r"(?<=[a-z\u0430-\u044f\u00df-\u00ff])[A-Z\u00c0-\u00de\u0410-\u042f]"
)
_ALONE = re.compile(r"(?<![A-Za-z])[\u00c0-\u00ff](?![A-Za-z])")

# Usual in general and office texts; together about three quarters of such a text.
_SIMPLIFIED = (
    "的是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发"
    "后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前"
    "开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最"
    "重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门"
    "任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数"
    "安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科"
    "司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取"
    "拉格望觉术领共确传师观清今切院让识候带导争运笔收落历周林费单具备标准检查核项编号请填写签字负"
    "责申批审联址姓客户款乙甲双支付额元整票税率银账货型价验质证违约议仓库存储采购供商订维修故障停"
    "操防护培训考勤假病旅差销凭流步骤图附注版档答评引源搜索置模选择删除添消载失败功错误登录密码限"
    "服网络页显示隐藏排序筛析纪办试细章节六七八九零百千亿份左右每季半夜班早晚午"
)
_TRADITIONAL_FORMS = (
    "這個們來爲國說時會對於過發後裏種經麼學現當沒動還進樣開從實軍無與長機關點業將兩間問並應戰頭體"
    "見產話內給門兒東聲員論處義幾認條氣題爾別變總電數報結務場計資許統區隊決馬書則聽卻達強難權設記"
    "類據邊張該規萬覺術領確傳師觀讓識帶導爭運筆歷費單備標準檢項編號請寫籤負責審聯戶雙額稅銀賬貨價"
    "驗質證違約議倉庫儲採購訂維護訓銷憑驟圖檔評選擇刪載敗錯誤錄碼網絡頁顯隱篩紀辦試細節億"
)
_USUAL_CHINESE = {*_SIMPLIFIED, *_TRADITIONAL_FORMS, *"，。、：；（）“”！？《》「」　—…"}
_WESTERN_LETTERS = "äöüßéèêëàâçñóíáúîïôûœãõåøæòìù"
_WESTERN_SIGNS = "°±²³µ£€§©®«»“”‘’„–—…½¼·¿¡´×•™º\u00a0"
_ASCII = {chr(code): -3.5 for code in range(32, 127)} | {"\n": -3.5, "\r": -3.5, "\t": -3.5}
_ASCII |= dict.fromkeys("\\^`{|}~@", -6.0)


class _Language(NamedTuple):
    encoding: str
    prior: float  # logarithm, compared with GBK
    is_cjk: bool


_LANGUAGES = (
    _Language("gb18030", 0.0, True),
    _Language("big5hkscs", -2.0, True),
    _Language("cp932", -4.0, True),
    _Language("euc_jp", -5.0, True),
    _Language("euc_kr", -6.0, True),
    _Language("cp1252", -3.0, False),
    _Language("cp1251", -5.0, False),
)


def likely_encoding(data: bytes) -> str | None:
    """The encoding whose text is most usual; None where none is plausible.

    `data` is not UTF-8. Only lines with bytes beyond ASCII are looked at.
    """
    sample = _telling(data)
    scored = [(_score(sample, language), language) for language in _LANGUAGES]
    (_, mean), best = max(scored, key=lambda pair: pair[0][0])
    return best.encoding if mean > _PLAUSIBLE else None


def usual_share(text: str) -> float:
    """How many of the characters are usual in some language, as a share. A text in UTF-16 whose
    bytes were swapped has few."""
    usual = sum(map(_is_usual, text))
    return usual / len(text) if text else 0.0


def _is_usual(character: str) -> bool:
    if character.isascii():
        return character.isprintable() or character in "\n\r\t"
    spans = ("\u00a0", "\u00ff"), ("\u0400", "\u045f"), ("\u3041", "\u30ff"), ("\uac00", "\ud7a3")
    return character in _USUAL_CHINESE or any(first <= character <= last for first, last in spans)


def is_accident(text: str) -> bool:
    """Whether a short text that is valid UTF-8 is hardly meant to be: its letters are of several
    scripts. Two Chinese characters in GBK are now and then two letters of two bytes in UTF-8."""
    foreign = [character for character in text if not character.isascii()]
    if len(foreign) > _MAX_ACCIDENT or any(character >= "\u0800" for character in foreign):
        return False
    scripts = {unicodedata.name(character, "?").split(" ")[0] for character in foreign}
    scripts -= _SIGNS
    return len(scripts) > 1 or bool(scripts & {"?", "COMBINING", "MODIFIER", "NKO", "SYRIAC"})


def _telling(data: bytes) -> bytes:
    lines = (line for line in data.splitlines() if not line.isascii())
    taken: list[bytes] = []
    left = 2 * _SCORED_CHARACTERS
    for line in lines:
        taken.append(line[: max(left, 2)])
        left -= len(line)
        if left <= 0:
            break
    return b"\n".join(taken)


def _score(sample: bytes, language: _Language) -> tuple[float, float]:
    """The whole score, and its mean over the characters beyond ASCII."""
    text = sample.decode(language.encoding, errors="replace")
    if text.endswith("\ufffd") and len(text) > _SCORED_CHARACTERS // 2:
        text = text[:-1]  # the sample was cut within a character
    usual = _usual(language.encoding)
    foreign = [usual.get(c, _LOST if c == "\ufffd" else _RARE) for c in text if not c.isascii()]
    total = language.prior + sum(foreign) + sum(usual.get(c, -9.0) for c in text if c.isascii())
    if language.encoding != "cp1252":
        total += _MIXED * len(_BESIDE_LATIN.findall(text))
    if language.is_cjk:
        total += _LONE * len(_SINGLE.findall(text))
    if language.is_cjk and language.encoding != "euc_kr":
        total += _SPACED * len(_SPACE_BETWEEN.findall(text))
    if not language.is_cjk:
        total -= 4.0 * len(_UPPER_AFTER_LOWER.findall(text))
        total -= 4.0 * len(_ALONE.findall(text))
    return total, sum(foreign) / len(foreign) if foreign else 0.0


_Classes = tuple[tuple[float, Iterable[str]], ...]  # share of the text, letters


@cache
def _usual(encoding: str) -> dict[str, float]:
    """Scores of the characters of a language; of two classes that hold one the later counts."""
    scores = dict(_ASCII)
    for share, letters in _CLASSES[encoding]():
        members = list(letters)
        scores |= dict.fromkeys(members, log(share / len(members)))
    return scores


def _simplified() -> _Classes:
    return (
        (0.005, _rows("gb18030", range(0xD8, 0xF8))),
        (0.003, _rows("gb18030", range(0xA4, 0xA6))),
        (0.03, _rows("gb18030", range(0xA1, 0xA4))),
        (0.01, _TRADITIONAL_FORMS),
        (0.35, _rows("gb18030", range(0xB0, 0xD8))),
        (0.50, _SIMPLIFIED),
        (0.08, "，。、：；（）“”！？《》"),
    )


def _traditional() -> _Classes:
    unchanged = [character for character in _SIMPLIFIED if _in(character, "big5")]
    return (
        (0.005, _rows("big5", range(0xC9, 0xFA), low=True)),
        (0.03, _rows("big5", range(0xA1, 0xA4), low=True)),
        (0.35, _rows("big5", range(0xA4, 0xC7), low=True)),
        (0.50, [*unchanged, *_TRADITIONAL_FORMS]),
        (0.08, "，。、：；（）「」！？《》"),
    )


def _japanese() -> _Classes:
    return (
        (0.005, _rows("euc_jp", range(0xD0, 0xF5))),
        (0.005, map(chr, range(0xFF61, 0xFFA0))),
        (0.28, _rows("euc_jp", range(0xB0, 0xD0))),
        (0.15, map(chr, range(0x30A1, 0x30FD))),
        (0.45, map(chr, range(0x3041, 0x3094))),
        (0.08, "、。「」（）・ー"),
    )


def _korean() -> _Classes:
    return (
        (0.01, _rows("euc_kr", range(0xCA, 0xFE))),
        (0.60, _rows("euc_kr", range(0xB0, 0xC9))),
        (0.35, "이다에의는로하을가고지서한은기으년대사시를리도인스일어자해정수성제전과그부"),
    )


def _cyrillic() -> _Classes:
    return (
        (0.05, map(chr, range(0x410, 0x430))),
        (0.75, map(chr, range(0x430, 0x450))),
        (0.02, "№«»—–ёЁ…"),
    )


def _western() -> _Classes:
    return (
        (0.005, _WESTERN_LETTERS.upper()),
        (0.01, _WESTERN_SIGNS),
        (0.04, _WESTERN_LETTERS),
        (0.02, "°éß–’"),
    )


_CLASSES: dict[str, Callable[[], _Classes]] = {
    "gb18030": _simplified,
    "big5hkscs": _traditional,
    "cp932": _japanese,
    "euc_jp": _japanese,
    "euc_kr": _korean,
    "cp1251": _cyrillic,
    "cp1252": _western,
}


def _rows(encoding: str, leads: range, *, low: bool = False) -> list[str]:
    """All characters of two bytes whose first is in `leads`; with `low` trails below 0x80 too."""
    trails = [*(range(0x40, 0x7F) if low else ()), *range(0xA1, 0xFF)]
    pairs = (bytes((lead, trail)) for lead in leads for trail in trails)
    found = (pair.decode(encoding, errors="ignore") for pair in pairs)
    return [character for character in found if len(character) == 1]


def _in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
