"""Reads the answer out of the sources for the smallest models: the only place that composes text.

What such a model writes is a hint: where it only says the question again, the source's own words
are quoted (`quote.py`); where it found a cell of a table, the row is told with it (`cell.py`). In
place of a bare number or date, the sentence is quoted that clearly has the one asked for. An answer
that a source supports ends with that source's marker. Where nothing of the sources says more
than the question, the reader says that they do not state the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.rag.extractive.quote import Quoter, is_bare_fact
from app.rag.grounding.check import Checker
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.grounding.statements import reads_as_code
from app.rag.language import not_stated
from app.rag.retrieval.pack import Around
from app.rag.types import Check, Passage


@dataclass(slots=True)
class ExtractiveReader:
    """`feed` and `finish` return what can be shown; all of it together is the answer. `around` has
    the chunks beside the passages: without the next one a table counts as ended."""

    passages: Sequence[Passage]
    question: str
    around: Around
    checker: Checker = field(default_factory=EmbeddedChecker)
    found_nothing: bool = False
    _quoter: Quoter = field(init=False)
    _shown: str = ""

    def __post_init__(self) -> None:
        self._quoter = Quoter(self.passages, self.question, self.around)

    def feed(self, text: str) -> str:
        """Take the next piece of the model's text."""
        shown = self._quoter.feed(text)
        self._shown += shown
        return shown

    def finish(self, *, tuned: bool = False) -> str:
        """What was held back, or what stands in its place, and the marker. `tuned`: an adapter
        wrote it."""
        rest = self._quoter.finish(tuned=tuned)
        if not (self._shown + rest).strip():
            self.found_nothing = True
            names = [passage.document_name for passage in self.passages]
            return not_stated(self.question, names)
        checks = self._checks(self._shown + rest)
        if not self._shown and is_bare_fact(rest) and (instead := _sentence_meant(checks)):
            rest, checks = instead, self._checks(instead)
        return rest + _marker(self._shown + rest, checks)

    def _checks(self, text: str) -> list[Check]:
        checks = self.checker.check(self.question, text, self.passages)
        return [check for check in checks if check.verdict != "no_statement"]


def _sentence_meant(checks: Sequence[Check]) -> str:
    """What the sources say of the matter with another such number; empty where they don't."""
    if len(checks) != 1 or checks[0].verdict != "contradicted" or not checks[0].sources:
        return ""
    return checks[0].sources[0].text.strip()


def _marker(text: str, checks: Sequence[Check]) -> str:
    if not checks or checks[-1].verdict != "supported" or checks[-1].markers:
        return ""
    space = " " if reads_as_code(text) else ""
    return f"{space}[{checks[-1].sources[0].marker}]"
