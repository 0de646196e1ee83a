"""Does the question name another one of what was found? It asks of DV-310-C, and the sources know
DV-310-A only; of the minutes of one day, and those of another were found.

Exact names only, and only where something of the same form stands in its place: a question whose
date is nowhere may still be answered by a text without dates, or by the handbook of another day.
"""

import re
from collections.abc import Sequence
from itertools import combinations

from app.rag.grounding.facts.fact import Fact, facts_in, form_of, read_facts, same
from app.rag.grounding.sentences import split_clauses
from app.rag.grounding.wording import topic_terms
from app.rag.types import Passage
from ingest.terms import terms

_TITLE = re.compile(r"《([^《》]*\d[^《》]*)》")
_DATE_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")

_EXAMPLE = re.compile(
    r"例如|比如|譬如|诸如|形如|示例|样例|举例|例[:：]|格式|如(?=\s*[A-Za-z\d])"
    r"|\be\.g\.|\bsuch as\b|\bexamples?\b"
    r"|\bfor instance\b|\bsamples?\b|\bformat\b|\blooks? like\b",
    re.IGNORECASE,
)
_BEGINNING = 16  # characters of a line: 产品型号：DV-310-A
_FILES = frozenset({"pdf", "doc", "docx", "md", "txt", "html", "xlsx", "pptx"})


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
        if _is_exact(fact):
            held = any(same(fact, other) for other in _facts(texts))
            another = _of_another_day if fact.kind == "date" else _of_another_code
            if not held and another(fact, question, hits):
                return True
    return False


def _of_another_day(asked: Fact, question: str, hits: Sequence[Passage]) -> bool:
    """Whether documents are told by their days and the question speaks of such a one: of the
    meeting of a day where there are minutes, but not of what the asker did on a day."""
    names = {hit.document_id: _dated(_name(hit)) for hit in hits}
    dated = [n for n in names.values() if any(_is_rival(asked, other) for other in _facts([n]))]
    beside = _words(_beside(asked, question))
    kinds = [_words(read_facts(name)[1]) for name in dated]
    # One of several is also told by a single character: 会 where there are 会议纪要.
    several = any(len(kind & other) > 1 for kind, other in combinations(kinds, 2))
    return any(several or len(term) > 1 for kind in kinds for term in kind & beside)


def _beside(asked: Fact, question: str) -> str:
    """The clause of the question that names the day, without it."""
    clauses = [read_facts(clause) for clause in split_clauses(question)]
    return next((rest for facts, rest in clauses if any(same(asked, f) for f in facts)), "")


def _words(text: str) -> frozenset[str]:
    """What it is about, and 会, which is a function character as well."""
    return (topic_terms(text) | {t for t in terms(text) if "会" in t and "的" not in t}) - _FILES


def _of_another_code(asked: Fact, question: str, hits: Sequence[Passage]) -> bool:
    """Whether the sources tell things apart by such codes: a code names a document or begins a
    line, or there are several of them. One that is given as an example names nothing."""
    named = [_name(hit) for hit in hits]
    lines = [line for hit in hits for line in hit.text.splitlines() if not _EXAMPLE.search(line)]
    begun = [line[:_BEGINNING] for line in lines]
    if any(_is_rival(asked, other) for other in _facts((*named, *begun))):
        return True
    return len({other.text for other in _facts(lines) if _is_rival(asked, other)}) > 1


def those_named(question: str, hits: Sequence[Passage]) -> Sequence[Passage]:
    """Without hits that are of another identifier or day than those that the question names, where
    one is of these: of three minutes, those of the day. All, where none is."""
    asked = list(filter(_is_exact, facts_in(question)))
    told = [_facts([_dated(_name(hit)), hit.text]) for hit in hits] if asked else []
    has = [any(same(fact, other) for fact in asked for other in each) for each in told]
    if not any(has):
        return hits
    rivals = [any(_is_rival(fact, other) for fact in asked for other in each) for each in told]
    kept = [of_it or not other for of_it, other in zip(has, rivals, strict=True)]
    return [hit for hit, keep in zip(hits, kept, strict=True) if keep]


def _is_exact(fact: Fact) -> bool:
    return fact.kind == "identifier" or (fact.kind == "date" and all(fact.date[1:]))


def _is_rival(fact: Fact, other: Fact) -> bool:
    if fact.kind != other.kind:
        return False
    if fact.kind == "date":
        return all(other.date[1:])
    alike = form_of(fact.text) == form_of(other.text)
    return alike and abs(len(fact.text) - len(other.text)) <= 1  # A4 is no number like A1023


def _facts(texts: Sequence[str]) -> list[Fact]:
    return [fact for text in texts for fact in facts_in(text, source=True)]


def _name(hit: Passage) -> str:
    return "\n".join((hit.document_name, hit.title, *hit.headings))


def _dated(name: str) -> str:
    """With 20260312 as 2026-03-12."""
    return _DATE_IN_NAME.sub(r" \1-\2-\3 ", name)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
