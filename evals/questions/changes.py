"""Changes that make a true sentence false: another number, date or name, and a denial."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from app.rag.grounding.facts.fact import Fact, facts_in
from app.rag.language import language_of

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_DENIED = {
    "zh": (
        (
            r"(?<=[\u3400-\u9fff])(?:完成|获得|提高|增加|实现|收购|投资|达到|成立|通过|举行|发布|推出)",
            "未",
        ),
    ),
    "en": (
        (r"(?<= )(?:was|were|is|are|has|have|had|will|can)(?= )", "{} not"),
        (
            r"(?<= )(?:successfully )?(?:completed|acquired|increased|invested|launched)",
            "never {}",
        ),
    ),
}


def changed(sentence: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(what was changed, the false sentence). `names` may take each other's place."""
    made: Mapping[str, Callable[[], str]] = {
        "number": lambda: _fact(sentence, ("quantity",)),
        "date": lambda: _fact(sentence, ("date", "time")),
        "name": lambda: _name(sentence, names),
        "negation": lambda: _denied(sentence),
    }
    for kind, make in made.items():
        false = make()
        if false and false != sentence:
            yield kind, false


def _fact(sentence: str, kinds: Sequence[str]) -> str:
    """With another number in its first such fact that is written in digits."""
    for fact in facts_in(sentence):
        start = sentence.casefold().find(fact.text.casefold())
        if fact.kind not in kinds or start < 0:
            continue
        digits = list(_DIGITS.finditer(sentence, start, start + len(fact.text)))
        if digits:
            last = digits[-1] if fact.kind == "date" else digits[0]
            return sentence[: last.start()] + _other(last[0], fact) + sentence[last.end() :]
    return ""


def _other(digits: str, fact: Fact) -> str:
    """Not the same, and no day or month that does not exist."""
    if fact.kind in ("date", "time"):
        number = int(digits)
        return str(number + 1 if number > 31 or number < 9 else number - 3)
    first = int(digits[0])
    return f"{first % 9 + 1}{digits[1:]}"


def _name(sentence: str, names: Sequence[str]) -> str:
    held = next((name for name in names if name in sentence), "")
    other = next((name for name in names if name not in sentence), "")
    return sentence.replace(held, other) if held and other else ""


def _denied(sentence: str) -> str:
    for pattern, word in _DENIED[language_of(sentence)]:
        if found := re.search(pattern, sentence):
            denied = word.format(found[0]) if "{}" in word else word + found[0]
            return sentence[: found.start()] + denied + sentence[found.end() :]
    return ""
