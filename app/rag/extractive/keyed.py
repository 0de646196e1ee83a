"""A list whose lines each have a number or a code: the line that a question names by its first one.

Of `…, no. K3108` among a hundred such lines a small model tells any.
"""

from collections.abc import Sequence
from itertools import chain

from app.rag.grounding.facts.fact import Fact, facts_in, form_of, same
from app.rag.types import Passage
from ingest.tables.lines import is_row

_LEAST_LINES = 3  # with a number of the same form, for it to be one of a list


def keyed_line(passages: Sequence[Passage], question: str) -> str:
    """Empty where the question names no line, or several; rows of tables are not looked at."""
    asked = _identifiers(question)
    if not asked:
        return ""
    lines = dict.fromkeys(chain.from_iterable(p.text.split("\n") for p in passages))
    keys = {line: _identifiers(line)[:1] for line in lines if line.strip() and not is_row(line)}
    listed = {line: key[0] for line, key in keys.items() if key}
    named = [line for line, key in listed.items() if any(same(each, key) for each in asked)]
    if len(named) != 1:
        return ""
    form = form_of(listed[named[0]].text)
    alike = sum(form_of(key.text) == form for key in listed.values())
    return named[0].strip() if alike >= _LEAST_LINES else ""


def _identifiers(text: str) -> list[Fact]:
    return [fact for fact in facts_in(text) if fact.kind == "identifier"]
