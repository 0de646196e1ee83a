"""A follow-up that the smallest models are to answer, with what it leaves out put in by rule.

Such a model doesn't know what 它 is, nor that the edition of the question before is still meant. So
a pronoun in front gives way to what the question before began with, and the title or the identifier
that it named is carried over where the new one names none. Nothing else is guessed.
"""

import re

from app.rag.language import language_of

_TITLE = re.compile(r"《[^《》]{2,40}》")
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9-]*\d)(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z0-9-]{3,}"
)
_FIRST_PRONOUN = re.compile(
    r"^(?:那么?，?)?(?:它|其|该(?:产品|设备|型号|文件|制度)?|这(?:个|款|种)?)们?(?=的|有|是|能|可)"
)
_SUBJECT = re.compile(
    r"^(?:请问|按|根据|在)?(?P<subject>[^，。？！,?!]{2,24}?) ?(?:的|里|中|是|有|能|可以)"
)
_AND = re.compile(r"^那么?，?")
_OWN_NAME = re.compile(r"[A-Za-z0-9]|《")


def resolved(question: str, before: str) -> str:
    """`question` with what it leans on of `before`; as it is where no rule applies."""
    if language_of(question) != "zh" or not before:
        return question
    subject = _SUBJECT.match(before.strip())
    if subject and _FIRST_PRONOUN.match(question):
        return _FIRST_PRONOUN.sub(lambda _: subject["subject"], question, count=1)
    named = _TITLE.search(before) or _IDENTIFIER.search(before)
    if named is None or _OWN_NAME.search(question):
        return question
    return f"{named[0]}{_AND.sub('', question)}"
