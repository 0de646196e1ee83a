"""Proper names, and whether one takes another's place in a text that is otherwise the same."""

import re
from difflib import SequenceMatcher

from app.rag.grounding.wording import plain

_CAPITALISED = r"[A-Z][a-z]+(?:[-’'][A-Za-z]+)*"
# Not the first word of a sentence, unless another capitalised one follows it.
_NAME = re.compile(
    rf"(?<![.!?:;\"“(]\s)(?<![\"“(])(?<!^){_CAPITALISED}|{_CAPITALISED}(?=\s+{_CAPITALISED})"
)
_TITLE = re.compile(r"《([^《》]{2,40})》")
_ORGANISATION = re.compile(
    r"[\u3400-\u9fff]{2}(?:股份有限公司|有限责任公司|有限公司|集团公司|集团|大学|医院|银行|研究院|基金会)"
)
_NO_NAMES = frozenset(
    re.findall(
        r"[^ \n]+",
        """monday january february march april may june july august september october november
        december tuesday wednesday thursday friday saturday sunday jan feb mar apr jun jul aug
        sep sept oct nov dec the a an i it in on at if no yes step note section article chapter
        table figure fig source page day week month year please and or but for to of by with""",
    )
)
# Without those that are common words as well, such as 方 and 任.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐朱胡郭何林罗郑梁谢宋唐韩冯邓曹彭曾肖董袁潘蒋蔡杜叶程苏魏吕丁沈姚卢"
    "姜崔钟谭汪范廖贾韦付邹孟熊秦邱尹薛闫侯龙陶黎贺顾郝龚邵覃戴莫孔汤"
)
_ENTITY_ENDS = frozenset("省市县区镇乡村州国路街局厅部处科室院校厂司店馆队组社站港岛山河湖楼")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_BEFORE_A_NAME = frozenset("由是为与和或向找给经在于到从往叫请被把让对同跟及")
_BEHIND_A_NAME = frozenset("由是为与和或向在于到从被把让对同的了之负主担审批签")
_LONGEST = 4  # characters of a name
_ALIKE = 0.6  # share of a clause that stands in the other


def names_in(text: str) -> list[str]:
    """Capitalised words inside sentences, and titles in 《》, in lower case."""
    words = [plain(re.sub("[’']s$", "", found[0])) for found in _NAME.finditer(text)]
    titles = [plain(found) for found in _TITLE.findall(text)]
    return [word for word in words if word not in _NO_NAMES] + titles


def organisations_in(text: str) -> list[str]:
    """The last characters of Chinese names of organisations: where a name begins, no mark tells."""
    return [found[0] for found in _ORGANISATION.finditer(text)]


def renamed(clause: str, other: str) -> bool:
    """Whether two Chinese clauses are the same but for a person, a place or an organisation."""
    blocks = SequenceMatcher(None, clause, other, autojunk=False)
    alike = sum(block.size for block in blocks.get_matching_blocks())
    if alike < _ALIKE * min(len(clause), len(other)):
        return False
    return any(
        _named(clause, a, b) and _named(other, c, d)
        for tag, a, b, c, d in blocks.get_opcodes()
        if tag == "replace" and b - a <= _LONGEST and d - c <= _LONGEST
    )


def _named(text: str, start: int, end: int) -> bool:
    """Whether the changed characters are or belong to a name: 北 of 北京市, 三 of 张三."""
    changed, before, behind = text[start:end], text[:start], text[end:]
    if not _HAN.fullmatch(changed):
        return False
    if _begins_word(before) and changed[0] in _SURNAMES and _HAN.match(changed[1:] + behind):
        return True
    if before[-1:] in _SURNAMES and _begins_word(before[:-1]) and len(changed) <= 2:
        return True
    if len(changed) >= 3 and changed[-1] in _ENTITY_ENDS:
        return True
    whole = behind[: 1 if len(changed) > 1 else 2]  # 海淀|区, 北|京市
    return _begins_word(before) and whole[-1:] in _ENTITY_ENDS and _ends_word(behind[len(whole) :])


def _ends_word(behind: str) -> bool:
    return not _HAN.match(behind) or behind[0] in _BEHIND_A_NAME


def _begins_word(before: str) -> bool:
    last = before[-1:]
    return not _HAN.fullmatch(last) or last in _BEFORE_A_NAME or last in _ENTITY_ENDS
