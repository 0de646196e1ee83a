"""Which questions are about a knowledge base itself: a closed grammar in both languages.

The whole question must be one of these. How many files an applicant must hand in is a question
about what the files say.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Topic = Literal["count", "files", "updated", "named", "chapters"]


@dataclass(frozen=True, slots=True)
class AskedAboutBase:
    """`name`: the file that `chapters` is about, or what the files that `named` counts are called,
    as the question says it."""

    topic: Topic
    name: str = ""
    only_number: bool = False  # how many, not which


_ZH_HERE = (
    r"(?:请问|请?告诉我|我想知道)?"
    r"(?:在?(?:这|该|本|我的?|我们的?|你的?|当前|现在|所选|选中)?的?(?:个|些|几个)?"
    r"(?:知识库|文件库|文档库|资料库|库)(?:里面?|中|内)?(?:现在|目前|一共|总共|共|都)*|你?这里(?:一共|总共|共|都)*)"
)
_ZH_FILES = r"(?:个|份|篇|种|些)?(?:文件|文档|资料)"
_EN_HERE = (
    r"(?: (?:are|is))?(?: there)?(?: (?:currently|now))? in"
    r" (?:this|the|my|our|your|the selected|the current)"
    r" (?:knowledge ?base|knowledge ?bases|base|bases|library)"
)
_EN_THIS = r"(?:this|the|my|our|your) (?:knowledge ?base|base|library)"
_WORDED: tuple[tuple[Topic, str], ...] = (
    (
        "count",
        rf"{_ZH_HERE}(?:有|收录了?|存了?|包含|包括)(?:几|多少){_ZH_FILES}"
        rf"|{_ZH_HERE}的?文[件档]数量?(?:是多少|有多少)"
        rf"|(?:how many|number of) (?:files|documents|docs)(?:{_EN_HERE}| do you have| have you got"
        rf"| does {_EN_THIS} (?:have|hold|contain|include))",
    ),
    (
        "files",
        rf"{_ZH_HERE}(?:有|收录了?|存了?|包含|包括)(?:哪|什么|哪几|些什么|哪些){_ZH_FILES}"
        rf"|(?:请)?(?:列出|列一下|列举)(?:{_ZH_HERE})?的?(?:所有|全部)?的?(?:文件|文档)(?:列表|清单|名称?)?"
        rf"|(?:which|what) (?:files|documents|docs)(?:{_EN_HERE}| do you have| have you got"
        rf"| does {_EN_THIS} (?:have|hold|contain|include))"
        rf"|(?:please )?(?:list|show)(?: me)? (?:all|the|all the) (?:files|documents)"
        rf"(?: in {_EN_THIS})?",
    ),
    (
        "updated",
        rf"{_ZH_HERE}的?(?:文件)?(?:最后|最近|上次)(?:一次)?(?:更新|修改|变更)(?:的?时间)?"
        r"是?(?:什么时候|何时|哪天|哪一天)?"
        rf"|{_ZH_HERE}(?:是)?(?:什么时候|何时|哪天)(?:最后|最近)?更新的?"
        rf"|when (?:was|were) {_EN_THIS} (?:last |most recently )?(?:updated|changed|modified)",
    ),
    (
        "chapters",
        r"(?:请?列出)?(?P<zh1>.{2,40}?)(?:里|中|这份文件)?(?:一共|总共|共)?(?:有|分为|分成)"
        r"(?:几|多少|哪几|哪些)个?章节?"
        r"|(?P<zh2>.{2,40}?)的(?:章节|目录)(?:有哪些|是什么)?"
        r"|(?:how many|which|what) chapters (?:are (?:there )?in|does)"
        r" (?:the )?(?P<en1>.{2,60}?)(?: (?:have|contain|consist of))?"
        r"|(?:what are|list) the chapters (?:of|in) (?:the )?(?P<en2>.{2,60}?)",
    ),
    (
        "named",
        r"(?:知识库里?)?(?:一共|总共|共)?有(?:几|多少)[份篇个](?P<zh>[\u3400-\u9fff]{2,12})"
        rf"|how many (?P<en>[a-z][a-z ]{{2,30}}?)(?:{_EN_HERE}| do you have| have you got)",
    ),
)
_GRAMMAR = tuple((topic, re.compile(words)) for topic, words in _WORDED)
_HOW_MANY = re.compile(r"(?<!哪)几|多少|\bhow many\b")
_MARKS = re.compile(r"[?？。.!！\s]+$")


def asked_about_base(text: str) -> AskedAboutBase | None:
    """What the question asks of the base; None for any other question."""
    plain = unicodedata.normalize("NFKC", _MARKS.sub("", text.strip())).casefold()
    for topic, grammar in _GRAMMAR:
        if found := grammar.fullmatch(plain):
            said = next(filter(None, found.groupdict().values()), "")
            only_number = bool(_HOW_MANY.search(plain))
            return AskedAboutBase(topic, said.strip("《》\"'“” "), only_number)
    return None
