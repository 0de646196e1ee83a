"""Do two questions ask the same in other words?

Embeddings alone can't tell: 年假有几天 and 婚假有几天 are as near to each other as two wordings
of one question. So nothing that counts may differ: numbers, dates, identifiers, names, what is
denied, what kind of thing is asked for, and no word may stand in the place of another.
docs/decisions/2026-11-29-approved-answers.md has the measurements.
"""

import re
from collections.abc import Sequence

from app.rag.grounding.facts.fact import facts_in
from app.rag.grounding.facts.names import names_in, renamed
from app.rag.grounding.facts.numbers import folded
from app.rag.grounding.facts.polarity import opposed
from app.rag.language import language_of

# Cosine of the two from which on they are the same: with the same words in another order or form,
# and where one of them has words that the other lacks.
SAME_WORDS_FROM = 0.93
MORE_WORDS_FROM = 0.95

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[a-z0-9][a-z0-9.'-]*")
# What is asked for. The first that is found counts.
_ASKED = {
    "zh": (
        ("when", r"什么时候|何时|几点|哪[一]?[天年月日]|什么时间|几[月号]"),
        ("who", r"谁|哪位|何人"),
        ("where", r"哪里|哪儿|(?<!如)何处|什么地方|在哪"),
        ("amount", r"多少|多[长大高远久重深快厚宽]|几(?!乎)|最[多少高低长短]"),
        ("how", r"怎么|如何|怎样|咋|方法|流程|步骤"),
        ("whether", r"吗|是否|能不能|可不可以|会不会|要不要|需不需要|(?P<v>.)不(?P=v)"),
        ("why", r"为什么|为何|原因"),
    ),
    "en": (
        ("when", r"\bwhen\b|\bwhat (?:time|date)\b"),
        ("who", r"\bwho(?:se|m)?\b"),
        ("where", r"\bwhere\b"),
        (
            "amount",
            r"\bhow (?:many|much|high|big|large|old)\b|\bm(?:ax|in)imum\b"
            r"|\b(?:number|amount|allowance)\b",
        ),
        ("duration", r"\bhow (?:long|soon|far in advance)\b|\blength\b"),
        ("frequency", r"\bhow often\b|\bfrequency\b"),
        ("how", r"\bhow\b|\bway to\b|\bwhat (?:should|do|must|can) i do\b|\bwhat now\b"),
        ("why", r"\bwhy\b|\breason\b"),
        ("whether", r"^(?:is|are|do|does|did|can|may|must|should|will|has|have)\b"),
    ),
}
_MEASURES = frozenset({"", "amount", "duration"})  # "what is the period?" asks how long it is
# Words that turn a question into another one, where only one of the two has them.
_TURNS = re.compile(
    r"撤|取消|停|终止|修改|更改|变更|删|恢复|延|续|补|替|代|逾期|超|未|没|除|另|其他|再|旧"
    r"|\b(?:cancel|chang|delet|remov|stop|renew|extend|replac|late|early|except|without|other"
    r"|another|after|before|old|again|outsid|abroad)\w*"
)
# Words that carry nothing of what is asked.
_LIGHT_ZH = re.compile(
    r"什么时候|什么时间|什么地方|怎么办|办理|怎么|如何|怎样|多少|多[长大高远久]|请问|一下|一共|总共|可以|能够|应该|应当"
    r"|需要|如果|时间|方法|方式|处理|是否|哪[里儿些]|什么|我们|公司|[请的了吗呢么啊是有在到从由把被给对向和与及或这那该此之为所"
    r"个台份次每几多哪谁何我你您能会要得须可就都也还最后时来定弄找办型取]"
)
_LIGHT_EN = frozenset(
    re.findall(
        r"[^ \n]+",
        """a an the is are was were be been do does did i me my we our you your it its of to
        for in on at by with from and or that this these those there what which who whose
        when where how why long much many far often can could may might must should will
        would shall have has had get gets please tell know want need way time if now any
        some each per go take length number amount allowance possible high paid pay pick up""",
    )
)


def differ(one: str, other: str) -> bool:
    """Whether the words of two questions show that they ask different things."""
    language = language_of(one)
    if language != language_of(other):
        return True
    a, b = folded(one), folded(other)
    return (
        not _ask_alike(_asked_for(a), _asked_for(b))
        or _facts(one) != _facts(other)
        or set(names_in(one)) != set(names_in(other))
        or renamed(a, b)
        or opposed(a, b)
        or all(_only_in(one, other))
        or set(_TURNS.findall(a)) != set(_TURNS.findall(b))
    )


def same_from(one: str, other: str) -> float:
    """The cosine from which on two questions that don't `differ` are the same."""
    return MORE_WORDS_FROM if any(_only_in(one, other)) else SAME_WORDS_FROM


def _only_in(one: str, other: str) -> tuple[set[str], set[str]]:
    mine, theirs = content_of(one), content_of(other)
    return mine - theirs, theirs - mine


def content_of(question: str) -> set[str]:
    """Characters and words that say what the question is about."""
    text = folded(question)
    han = set(_HAN.findall(_LIGHT_ZH.sub("", text)))
    return han | {
        _stem(word) for word in _WORD.findall(text) if word.removesuffix("'s") not in _LIGHT_EN
    }


def _stem(word: str) -> str:
    """Without the endings of English inflection, roughly: both sides are treated alike."""
    bare = re.sub(r"(?:'s?|[.'-]+)$", "", word)
    for ending in ("ing", "ed", "es", "s"):
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            bare = bare.removesuffix(ending)
            break
    return bare.removesuffix("e") if len(bare) > 3 else bare


def _ask_alike(one: str, other: str) -> bool:
    return one == other or ("" in (one, other) and {one, other} <= _MEASURES)


def _asked_for(text: str) -> str:
    kinds: Sequence[tuple[str, str]] = _ASKED[language_of(text)]
    return next((kind for kind, words in kinds if re.search(words, text)), "")


def _facts(text: str) -> list[tuple[str, float, str, tuple[int, int, int], str]]:
    return sorted(
        (f.kind, f.value, f.dimension, f.date, f.text if f.kind == "identifier" else "")
        for f in facts_in(text)
    )
