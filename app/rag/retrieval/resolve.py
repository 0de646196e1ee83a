"""A follow-up that the smallest models are to answer, with what it leaves out put in by rule.

Such a model doesn't know what 它 is, nor that the edition of the question before is still meant.
Another model, year or edition takes the place of the one in the question before; a pronoun in front
gives way to what that began with; and the title or the identifier that it named is carried over
where the new one names none, along with what it asked for. Nothing else is guessed.
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
_WHAT_ABOUT = re.compile(r"^(?:那么?，?)?(?P<what>[^，。]{1,24}?)呢[？?]?$")
_CODE = re.compile(
    r"(?P<core>[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*) ?(?:型号?|款)?(?P<unit>[\u3400-\u9fff]{0,2})"
)
_TOKEN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_ASKED_FOR = re.compile(
    r"(?:是?(?:多少|多[长大高远久重深快厚宽])|[是有]?几(?:个?[天年月日次周人]|小时)|是?(?:谁|什么))[？?]?$"
)
_OWN_NAME = re.compile(r"[A-Za-z0-9]|《")


def resolved(question: str, before: str) -> str:
    """`question` with what it leans on of `before`; as it is where no rule applies."""
    if language_of(question) != "zh" or not before:
        return question
    about = _WHAT_ABOUT.match(question)
    if about and (code := _CODE.fullmatch(about["what"].strip())):
        return _with_other(before, code["core"], code["unit"]) or question
    subject = _SUBJECT.match(before.strip())
    if subject and _FIRST_PRONOUN.match(question):
        return _FIRST_PRONOUN.sub(lambda _: subject["subject"], question, count=1)
    named = _TITLE.search(before) or _IDENTIFIER.search(before)
    if named is None or _OWN_NAME.search(question):
        return question
    asked_for = _ASKED_FOR.search(before)
    if about and asked_for:
        return f"{named[0]}的{about['what']}{asked_for[0]}"
    return f"{named[0]}{_AND.sub('', question)}"


def _with_other(before: str, core: str, unit: str) -> str:
    """`before` with `core` for what has the same unit or form in it; empty where nothing has."""
    for token in _TOKEN.finditer(before):
        start, end = token.span()
        last = start + token[0].rfind("-") + 1
        if unit:
            same = before.startswith(unit, end) and _form(token[0]) == _form(core)
        else:
            same = _form(token[0]) == _form(core)
        if not same and not unit and (end_of := _last_part(token[0], core)):
            return before[: end - len(end_of)] + core + before[end:]
        if not same and not unit and last > start and _form(before[last:end]) == _form(core):
            start, same = last, True
        if same:
            return before[:start] + core + before[end:]
    return ""


def _last_part(code: str, core: str) -> str:
    """The letters or digits that end it, where `core` is such: the A of PX-501A for a D."""
    pattern = r"(?<=\d)[A-Za-z]{1,2}$" if core.isalpha() else r"(?<=[A-Za-z])\d+$"
    found = re.search(pattern, code) if core.isalpha() or core.isdigit() else None
    return found[0] if found else ""


def _form(code: str) -> str:
    """DV-31-B and HX-310-D have the same: letters, digits, letters."""
    return re.sub(r"[a-z]+", "a", re.sub(r"\d+", "0", code.lower()))
