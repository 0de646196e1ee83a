"""Reads the answer out of the sources for the smallest models: the only place that composes text.

What such a model writes is a hint: where it only says the question again, the source's own words
are quoted (`quote.py`); where it found a cell of a table, the row is told with it (`cell.py`). An
answer that a source supports ends with that source's marker. Where nothing of the sources says more
than the question, the reader says that they do not state the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.rag.extractive.quote import Quoter
from app.rag.grounding.check import Checker
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.language import not_stated
from app.rag.types import Passage


@dataclass(slots=True)
class ExtractiveReader:
    """`feed` and `finish` return what can be shown; all of it together is the answer."""

    passages: Sequence[Passage]
    question: str
    checker: Checker = field(default_factory=EmbeddedChecker)
    found_nothing: bool = False
    _quoter: Quoter = field(init=False)
    _shown: str = ""

    def __post_init__(self) -> None:
        self._quoter = Quoter(self.passages, self.question)

    def feed(self, text: str) -> str:
        """Take the next piece of the model's text."""
        shown = self._quoter.feed(text)
        self._shown += shown
        return shown

    def finish(self) -> str:
        """What was held back, or what stands in its place, and the marker."""
        rest = self._quoter.finish()
        if not (self._shown + rest).strip():
            self.found_nothing = True
            names = [passage.document_name for passage in self.passages]
            return not_stated(self.question, names)
        return rest + self._marker(self._shown + rest)

    def _marker(self, text: str) -> str:
        checks = [
            check
            for check in self.checker.check(self.question, text, self.passages)
            if check.verdict != "no_statement"
        ]
        if not checks or checks[-1].verdict != "supported" or checks[-1].markers:
            return ""
        return f"[{checks[-1].sources[0].marker}]"
