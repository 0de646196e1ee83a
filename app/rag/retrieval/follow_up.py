"""Does a question lean on the one before it?

One that stands alone is searched alone: along with an unrelated question before it, what that one
finds would count as an answer to this one. So only what shows that something is missing counts: a
word that points back to nothing in the question itself, and ellipsis, where hardly anything is left
but what is asked for. That a Chinese question has no subject shows nothing: 如何重置密码 has none.
"""

import re

from app.rag.language import language_of

_ZH_POINTS_BACK = re.compile(
    r"^(?:那(?!不勒斯|曲)|另外(?:还|，|,)|此外|还(?:有|需要|要|能|可以)|然后|接下来|再有)"
    r"|呢[？?！!。\s]*$|(?<!其)[它他她]们?[吗么]?[？?！!。\s]*$"
)
_ZH_PRONOUN = re.compile(
    r"(?<!其)(?:它|他(?!人))|她|其(?!他|它|实|余|间)|(?<![应活])该(?!不该)"
    r"|(?<![因如彼])此(?![外前后时次])|这(?!里)|那[个些种样款]|上述|以上(?:规定|内容|几)|前者|后者"
)
# What is left of these is what the question is about.
_ZH_ASKS = re.compile(
    r"什么时候|什么|为什么|怎么[样办]?|如何|怎样|多少|多[长大高远久重快]|几[点天个次年月]?|[谁哪吗呢么]里?|何时|是否"
    r"|[要需得能会可以是有在到的了和与请问]|[，。？！?!,.\s]"
)
_ZH_LEAST = 3  # characters

_EN_POINTS_BACK = re.compile(
    r"^(?:and|but|or|so|then|also|what about|how about)\b"
    r"|\b(?:them|it|that|those|these|this|one|ones|none|both|neither|either)(?=[?.!\s]*$)",
    re.IGNORECASE,
)
_EN_PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|he|she|him|his|her|that|those|these|this)\b", re.IGNORECASE
)
# It stands for what follows; and what we are reading is at hand.
_EN_POINTS_AHEAD = re.compile(
    r"\bit (?:takes? |cost )?(?:possible|allowed|necessary|permitted|true|legal|safe|take|to|for)\b"
    r"|\bthis (?:handbook|document|manual|company|policy|report|contract|agreement)\b"
    r"|\bthis (?:year|month|week)\b",
    re.IGNORECASE,
)
_EN_EMPTY = frozenset(
    re.findall(
        r"[a-z]+",
        """a an the is are was were be been do does did can could may might must should will would
        have has had what which who whom whose when where why how long much many far often old big
        to of in on at for from with by since there come i me my we our you your and or but so then
        also if not apply""",
    )
)


def leans(question: str) -> bool:
    """Whether the question may be understood only with the one before it."""
    text = question.strip()
    if language_of(text) == "zh":
        if _ZH_POINTS_BACK.search(text):
            return True
        pronoun = _ZH_PRONOUN.search(text)
        left = _ZH_ASKS.sub("", text[: pronoun.start()] if pronoun else text)
        return len(left) < _ZH_LEAST and not re.search(r"[A-Za-z0-9]{2}", left)
    if _EN_POINTS_BACK.search(text):
        return True
    # A pronoun behind something that it can stand for needs no other question.
    pronoun = _EN_PRONOUN.search(_EN_POINTS_AHEAD.sub("", text))
    before = text[: pronoun.start()] if pronoun else text
    return not any(word not in _EN_EMPTY for word in re.findall(r"[a-z]+", before.lower()))
