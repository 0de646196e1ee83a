"""What a question names by its number: a line of a list, whose lines each have a number or a code,
a clause of a contract, a form among others of its kind.

Of `…, no. K3108` among a hundred such lines a small model tells any. Of what clause 3 says it tells
an end.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from app.rag.extractive.fields import fields_in
from app.rag.extractive.table import Cells, Table
from app.rag.grounding.facts.fact import Fact, facts_in, form_of, same
from app.rag.grounding.facts.numbers import numerals_as_digits
from app.rag.grounding.sentences import split_sentences
from app.rag.grounding.wording import topic_terms
from app.rag.language import language_of
from app.rag.types import Passage
from ingest.tables.lines import is_row

_LEAST_LINES = 3  # with a number of the same form, for it to be one of a list
# 第三条, 第 3.1 款; article 3, § 3.1.
_ASKED_CLAUSE = re.compile(
    r"第\s*(?P<number>\d+(?:\.\d+)*)\s*(?P<kind>[条款项])"
    r"|(?:\b(?:article|clause|section|paragraph)\s+|§\s*)(?P<of>\d+(?:\.\d+)*)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"(?:第\s*(?P<number>\d+(?:\.\d+)*)\s*(?P<kind>[条款项])"
    r"|(?:(?:article|clause|section|paragraph)\s+|§\s*)?(?P<of>\d+(?:\.\d+)*))"
    r"(?:[.、:：)）]\s*|\s+)",
    re.IGNORECASE,
)


def keyed_line(passages: Sequence[Passage], question: str) -> str:
    """Empty where the question names no line, or several; rows of tables are not looked at."""
    asked = _identifiers(question)
    if not asked:
        return ""
    lines = dict.fromkeys(chain.from_iterable(p.text.split("\n") for p in passages))
    keys = {line: _identifiers(line)[:1] for line in lines if line.strip() and not is_row(line)}
    listed = {line: key[0] for line, key in keys.items() if key}
    named = [line for line, key in listed.items() if any(same(each, key) for each in asked)]
    if len(named) != 1 or _is_label(named[0], listed[named[0]]):
        return ""
    form = form_of(listed[named[0]].text)
    alike = sum(form_of(key.text) == form for key in listed.values())
    return named[0].strip() if alike >= _LEAST_LINES else ""


def clause_asked_for(passages: Sequence[Passage], question: str) -> str:
    """The clause whose number the question names, where it asks for no more: all of "What does
    clause 3 say?", not the deposit of "What deposit does clause 3 set?"."""
    asked = _ASKED_CLAUSE.search(numerals_as_digits(question))
    if not asked:
        return ""
    lines = dict.fromkeys(chain.from_iterable(p.text.split("\n") for p in passages))
    named = [line.strip() for line in lines if _is_of(line, asked)]
    if len(named) != 1 or not _is_sentence(named[0]):
        return ""
    wanted = topic_terms(numerals_as_digits(question).replace(asked[0], " "))
    number = _CLAUSE.match(numerals_as_digits(named[0]))
    said = topic_terms(numerals_as_digits(named[0])[number.end() if number else 0 :])
    return "" if any(len(term) > 1 for term in wanted & said) else named[0]


@dataclass(frozen=True, slots=True)
class NamedForm:
    """`cells` are its title and the values behind its labels."""

    head: Cells
    cells: Cells

    def says(self, answer: str) -> bool:
        """Whether the answer is a part of one value, or more than half of it are values."""
        said = "".join(answer.split()).casefold()
        values = {"".join(cell.split()).casefold() for cell in self.cells if cell}
        held = sum(len(value) for value in values if value in said)
        return 2 * held > len(said) or any(said in value for value in values)

    def told(self, question: str) -> str:
        """All that is filled in."""
        colon, comma = ("：", "，") if language_of(question) == "zh" else (": ", ", ")
        pairs = zip(self.head, self.cells, strict=True)
        return comma.join(f"{label}{colon}{value}" for label, value in pairs if label and value)


def form_asked_for(forms: Sequence[Table], question: str) -> NamedForm | None:
    """The form whose number the question names; None where it is none or several forms."""
    asked = _identifiers(question)
    found = [
        NamedForm(table.head, row)
        for table in forms
        for row in table.rows
        if any(same(each, key) for each in asked for cell in row for key in _identifiers(cell))
    ]
    return found[0] if len(found) == 1 else None


def names_unknown_code(passages: Sequence[Passage], question: str) -> bool:
    """Whether the sources have none of the codes that the question names, but others like them: of
    HG-300 nothing can be told by what they say of HG-200."""
    asked = _identifiers(question)
    texts = chain.from_iterable((p.document_name, *p.headings, p.text) for p in passages)
    known = [code for text in texts for code in _identifiers(text)]
    forms = {form_of(code.text) for code in known}
    return bool(asked) and not any(
        form_of(each.text) not in forms or any(same(each, code) for code in known) for each in asked
    )


def _is_of(line: str, asked: re.Match[str]) -> bool:
    begun = _CLAUSE.match(numerals_as_digits(line.strip()))
    if not begun:
        return False
    number = asked["number"] or asked["of"]
    if begun["number"]:
        return begun["number"] == number and begun["kind"] == (asked["kind"] or begun["kind"])
    # 第 3.1 条 may be written 3.1; a 3. may be any item of a list
    return bool(begun["of"] == number and (asked["of"] or "." in number))


def _is_sentence(line: str) -> bool:
    """No heading above the sentences of its clause."""
    return line[-1:] in "。！？；.!?;" or len(list(split_sentences(line))) > 1


def _is_label(line: str, key: Fact) -> bool:
    """Whether the line only says what number it is: `Note no.: AB-1204`."""
    fields = fields_in(line)
    return len(fields) == 1 and any(same(key, each) for each in _identifiers(fields[0][1]))


def _identifiers(text: str) -> list[Fact]:
    return [fact for fact in facts_in(text) if fact.kind == "identifier"]
