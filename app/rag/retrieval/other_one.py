"""Does the question name another one of what was found? It asks of DV-310-C, and the sources know
DV-310-A only; of the minutes of one day, and those of another were found.

Exact names only, and only where something of the same form stands in its place: a question whose
date is nowhere may still be answered by a text without dates.
"""

import re
from collections.abc import Iterator, Sequence

from app.rag.grounding.facts.fact import Fact, facts_in, form_of, same
from app.rag.types import Passage

_TITLE = re.compile(r"《([^《》]*\d[^《》]*)》")
_DATE_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")


def asks_of_another(question: str, hits: Sequence[Passage]) -> bool:
    """Whether no hit has an identifier, a day or a title that the question names, and one has
    another such in its place."""
    named = [_dated(_name(hit)) for hit in hits]
    texts = [*named, *(hit.text for hit in hits)]
    for title in _TITLE.findall(question):
        wanted, known = _plain(title), [_plain(text) for text in texts]
        if not any(wanted in text for text in known):
            form = form_of(wanted)
            if any(form in form_of(text) for text in known):
                return True
    for fact in facts_in(question):
        if fact.kind == "identifier" or (fact.kind == "date" and all(fact.date[1:])):
            places = named if fact.kind == "date" else texts
            held = any(same(fact, other) for text in texts for other in facts_in(text, source=True))
            if not held and any(_is_rival(fact, other) for other in _facts(places)):
                return True
    return False


def _is_rival(fact: Fact, other: Fact) -> bool:
    if fact.kind != other.kind:
        return False
    return all(other.date[1:]) if fact.kind == "date" else form_of(fact.text) == form_of(other.text)


def _facts(texts: Sequence[str]) -> Iterator[Fact]:
    return (fact for text in texts for fact in facts_in(text, source=True))


def _name(hit: Passage) -> str:
    return "\n".join((hit.document_name, hit.title, *hit.headings))


def _dated(name: str) -> str:
    """With 20260312 as 2026-03-12."""
    return _DATE_IN_NAME.sub(r" \1-\2-\3 ", name)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
