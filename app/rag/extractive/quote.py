"""An answer that only says the question again, be it as a heading, or is a bare yes or no, is
replaced by the source's own words. One that is a cell of a table is told with its row (`cell.py`).
Where the question names both row and column of a cell, or compares rows, that cell is the answer.

Asked "what is the throttle also called?", a model of half a billion parameters may answer "the
throttle": it has found the place and stopped too soon. So nothing is shown until the answer says
something that the question does not; where it never does, the clauses of the source that speak of
it are quoted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.rag.extractive.cell import (
    AskedCell,
    asks_for_an_empty_cell,
    cell_asked_for,
    may_be_cell,
    with_its_row,
)
from app.rag.extractive.fields import fields_in, records_of
from app.rag.extractive.keyed import (
    NamedForm,
    clause_asked_for,
    form_asked_for,
    keyed_line,
    names_unknown_code,
)
from app.rag.extractive.lookup import rows_named
from app.rag.extractive.table import Table, tables_of
from app.rag.grounding.facts.fact import Fact, comparable, facts_in, read_facts, same
from app.rag.grounding.sentences import split_sentences
from app.rag.grounding.wording import content_terms, source_terms, topic_terms
from app.rag.retrieval.pack import Around
from app.rag.types import Passage
from ingest.tables.lines import cells_of, is_row

_CLAUSES = re.compile(r"(?<=[，；：。！？])|(?<=[,;:.!?])(?=\s)")
_UNFINISHED_WORD = re.compile(r"[^\W\u3400-\u9fff]+$")
_MARKS = " \n。，；：！？.,;:!?"
_ITEM = re.compile(r"^\s*(?:[-*•#]+|\d+[.、)）](?!\d)|[一二三四五六七八九十]+、)\s*")
# Not of `二、三号楼`, nor `2、3 号楼`.
_LATER_ITEM = re.compile(
    r"^\s*(?:(?:[2-9]|[1-9]\d)[.、)）](?!\s*\d)|[（(](?:[2-9]|[二三四五六七八九十])[)）]"
    r"|[二三四五六七八九十]+、(?![一二三四五六七八九十]))"
)
_NUMBER = re.compile(
    r"^\s*(?:\d+(?:\.\d+)+\s|第[\d一二三四五六七八九十]+[章节条])\s*"
)  # 3.2, 第五条
# Nobody can check them against a source; the words that they were taken from can be. The smallest
# model as it comes says the right one of the two about as often as a coin.
_VERDICTS = frozenset({"yes", "no", "是", "是的", "不是", "否", "有", "没有", "能", "不能", "可以"})
_SETTLED = 6  # first characters of an answer, before which nothing is shown
_SHORT = 20  # characters: a longer answer may compute
_LONGEST_HEADING = 40  # characters
_NEW_TERMS = 2  # a quotation goes on until it tells as many that the question lacks


@dataclass(slots=True)
class Quoter:
    """Stands between the model and the citer; what `feed` and `finish` return is the answer."""

    passages: Sequence[Passage]
    question: str
    around: Around | None = None
    _asked: frozenset[str] = field(init=False)
    _headings: frozenset[str] = field(init=False)
    _tables: list[Table] = field(init=False)
    _asked_for: AskedCell | None = field(init=False)
    _field_asked_for: AskedCell | None = field(init=False)  # of a form
    _form: NamedForm | None = field(init=False)  # named by its number
    _asks_for_nothing: bool = field(init=False)  # an empty cell, a code that no source has
    _line: str = field(init=False)  # of a list, named by its number
    _clause: str = field(init=False)  # all of it is asked for
    _text: str = ""  # all that the model wrote
    _released: bool = False

    def __post_init__(self) -> None:
        self._asked = source_terms(self.question)
        lines = (line for passage in self.passages for line in passage.text.split("\n"))
        headings = {_bare_heading(line) for line in lines if len(line) <= _LONGEST_HEADING}
        self._headings = frozenset(each for each in headings if each and not self._says_more(each))
        self._tables = list(tables_of(self.passages, self.around))
        forms = list(records_of(self.passages))
        self._asked_for = cell_asked_for(self._tables, self.question)
        self._field_asked_for = cell_asked_for(forms, self.question)
        self._form = form_asked_for(forms, self.question)
        self._asks_for_nothing = asks_for_an_empty_cell(
            self._tables, self.question
        ) or names_unknown_code(self.passages, self.question)
        self._clause = clause_asked_for(self.passages, self.question)
        line = keyed_line(self.passages, self.question)
        self._line = "" if any(line == row[0] for form in forms for row in form.rows) else line

    def feed(self, text: str) -> str:
        """Take the next piece of the model's text and return what can be shown."""
        self._text = self._without_question(self._text + text)
        if self._released:
            return text
        whole_words = _UNFINISHED_WORD.sub("", self._text)
        if len(self._text.strip()) < _SETTLED or not self._says_more(whole_words):
            return ""
        if (
            self._asks_for_nothing
            or self._asked_for
            or self._field_asked_for
            or self._form
            or self._line
            or self._clause
            or is_bare_fact(whole_words)
            or may_be_cell(self._text, self._tables, self.question)
        ):
            return ""
        if any(heading.startswith(_bare_heading(whole_words)) for heading in self._headings):
            return ""
        self._released = True
        return _without_number(self._text)

    def finish(self, *, tuned: bool = False) -> str:
        """What was held back, or what stands in its place. Of a model that was `tuned`, yes or no
        stands before the quotation: it has learnt to say which."""
        if self._released:
            return ""
        said = self._text
        if self._asks_for_nothing and not self._is_said_in_words(said):
            return ""
        form = self._field_asked_for
        if form and form.is_all_of(said):
            return form.text
        asked_for = self._asked_for or form
        if asked_for and not self._stands_beside(asked_for, said):
            return asked_for.text
        if named := self._named_by_number(said):
            return named
        bare = _bare_heading(said)
        if not self._says_more(said) or bare in self._headings or bare in _VERDICTS:
            quoted = quotation(self.passages, self.question, said)
            decided = tuned and bare in _VERDICTS
            said = "" if said.strip(_MARKS) == self.question.strip(_MARKS) else said
            said = _before(said, quoted) if decided and quoted else quoted or said
        elif made_up := self._numbers_of_its_own(said):
            said = quotation(self.passages, self.question, said, instead_of=made_up)
        completed = with_its_row(said, self._tables, self.question)
        return completed if completed != self._text else _without_number(self._text)

    def _named_by_number(self, said: str) -> str:
        """The clause, line or form that the question names, or what was said of that form, be it in
        a sentence of another source."""
        if self._clause or (self._line and _bare_heading(said) not in self._line.casefold()):
            return self._clause or self._line
        if not self._form:
            return ""
        right = self._form.says(said) or self._is_said_in_words(said)
        return said.strip() if right and self._says_more(said) else self._form.told(self.question)

    def _without_question(self, text: str) -> str:
        """Some models say the question again before they answer."""
        asked = self.question.strip()
        return text.lstrip().removeprefix(asked) if text.lstrip() != asked else text

    def _is_said_in_words(self, said: str) -> bool:
        """Whether a source has it in a sentence: not in a table, a form, or a line above one."""
        bare = "".join(said.split()).strip(_MARKS).casefold()
        lines = [line for passage in self.passages for line in passage.text.split("\n") if line]
        sentences = (
            "".join(line.split()).casefold()
            for line, following in pairwise([*lines, ""])
            if not is_row(line) and not is_row(following) and not fields_in(line)
        )
        return bool(bare) and any(bare in sentence for sentence in sentences)

    def _stands_beside(self, cell: AskedCell, said: str) -> bool:
        """Whether the answer is the cell, a sentence that has it, or one of a source's own: any
        where the column is only guessed, else one that speaks of what is asked or gives such a
        thing as the cell does."""
        if cell.is_all_of(said) or (len(said.strip()) > _SHORT and cell.is_in(said)):
            return True
        if cell.is_told_with(said) or not self._is_said_in_words(said):
            return False
        if not cell.named:
            return True
        given = facts_in(cell.value)
        alike = any(_alike(fact, other) for fact in facts_in(said) for other in given)
        return alike or bool(content_terms(said) & self._asked)

    def _numbers_of_its_own(self, said: str) -> list[Fact]:
        """The numbers of a short answer where neither a source nor the question has any of them."""
        facts = [fact for fact in facts_in(said) if fact.kind == "quantity"]
        if not facts or len(said.strip()) > _SHORT:
            return []
        texts = (self.question, *(passage.text for passage in self.passages))
        known = [fact for text in texts for fact in facts_in(text, source=True)]
        return [] if any(same(fact, other) for fact in facts for other in known) else facts

    def _says_more(self, text: str) -> bool:
        if text.strip(_MARKS).casefold() in self.question.casefold():
            return False  # also a single character, which is no term
        return bool(content_terms(text) - self._asked)


def is_bare_fact(text: str) -> bool:
    """Whether it is a number, a date or a time, and says not of what."""
    facts, rest = read_facts(text)
    return bool(facts) and not topic_terms(rest)


def _alike(fact: Fact, other: Fact) -> bool:
    """Whether both could answer one question; a number without a unit is any quantity."""
    bare = not (fact.dimension and other.dimension)
    return comparable(fact, other) or (fact.kind == other.kind == "quantity" and bare)


def _has_alike(sentence: str, facts: Sequence[Fact]) -> bool:
    held = facts_in(sentence, source=True)
    return not is_row(sentence) and any(comparable(fact, other) for fact in facts for other in held)


def _without_number(text: str) -> str:
    """Without the number of a list's item behind the first one: it was copied from the source. And
    without the space by which a text begins that goes on after given first words."""
    return _LATER_ITEM.sub("", text).lstrip()


def _before(verdict: str, quoted: str) -> str:
    """是：… and Yes: …"""
    bare = verdict.strip(_MARKS)
    return f"{bare}: {quoted}" if bare.isascii() else f"{bare}：{quoted}"


def _bare_heading(line: str) -> str:
    """Without what numbers it."""
    return _NUMBER.sub("", _ITEM.sub("", line)).strip(_MARKS).casefold()


def quotation(
    passages: Sequence[Passage], question: str, answer: str, *, instead_of: Sequence[Fact] = ()
) -> str:
    """The clauses that say most of question and answer, and what follows them up to something
    new, of the sentence that shares most with both; of those with facts like `instead_of`, if any.
    Empty where no sentence says more. Of a table only the rows that the question names, whole."""
    not_meant = {
        row
        for table in tables_of(passages)
        for named in [rows_named(table, len(table.head), question)]
        for row in (table.head, *table.rows)
        if row not in named
    }
    asked, said = content_terms(question), content_terms(answer)
    best, most = "", -1 if instead_of else 0
    for passage in passages:
        for span in split_sentences(passage.text):
            sentence = _ITEM.sub("", passage.text[span.start : span.end]).strip()
            if instead_of and not _has_alike(sentence, instead_of):
                continue
            above = is_row(passage.text[span.end :].lstrip().split("\n", 1)[0])
            if above and not is_row(sentence) and sentence[-1:] not in _MARKS:
                continue  # the title of a table
            if is_row(sentence) and cells_of(sentence) in not_meant:
                continue
            holds = source_terms(sentence)
            shared = 2 * len(holds & said) + len(holds & asked)
            if shared > most and content_terms(_bare_heading(sentence)) - asked:
                best, most = sentence, shared
    return _clauses_about(best, asked | said).lstrip().rstrip("，；：,;: ")


def _clauses_about(sentence: str, wanted: frozenset[str]) -> str:
    if is_row(sentence):
        return sentence
    clauses = [clause for clause in _CLAUSES.split(sentence) if clause]
    if not clauses:
        return ""
    first = max(range(len(clauses)), key=lambda i: len(source_terms(clauses[i]) & wanted))
    last = first
    while last + 1 < len(clauses):
        new_terms = content_terms("".join(clauses[first : last + 1])) - wanted
        if len(new_terms) >= _NEW_TERMS:
            break
        last += 1
    return "".join(clauses[first : last + 1])
