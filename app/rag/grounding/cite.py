"""Citations: every marker in an answer points at a source that was shown and supports it.

Small models write few markers, and some that point nowhere. So each sentence, as soon as it is
complete, is compared with the passages of the prompt and gets its marker from what was found.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.rag.grounding.sentences import Span, split_sentences
from app.rag.grounding.wording import content_terms, numbers_in, source_terms, support
from app.rag.types import Citation, Conflict, Passage, Unsupported

# Share of a sentence's terms that a passage must hold to be given, or to keep, a marker. A marker
# written by the model is evidence by itself, so it needs less.
SUPPORT_TO_ADD = 0.5
SUPPORT_TO_KEEP = 0.25
# Shared by two sentences, numbers aside, that speak of the same.
SAME_MATTER = 0.6

_MARKER = re.compile(
    r"[\[【［](?:来源|资料|文档|[Ss]ource)?\s*(\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)\s*[\]】］]"
)
_OPENS_MARKER = re.compile(r"[\[【［][^\]】］\n]{0,20}$")
_TERMINATORS = frozenset("。！？；.!?\n")
_CLOSERS = frozenset("\"'”’」』）)")
# Saying that nothing was found is not a statement from the sources.
_REFUSAL = re.compile(
    r"(?:资料|来源|文档|上下文)[^。]{0,8}(?:没有|未|不包含)[^。]{0,6}(?:找到|提到|提供|包含|相关|答案|说明)"
    r"|[Ss]ources? (?:do|does)(?: not|n't) (?:contain|mention|say|provide|hold)"
)
_NOT_CITED = re.compile(r"^\s*(\||#|```|[-*_]{3,}\s*$)")  # table rows, headings, code, rules


@dataclass(frozen=True, slots=True)
class _Source:
    passage: Passage
    terms: frozenset[str]
    sentences: tuple[tuple[Span, frozenset[str]], ...]


def _source(passage: Passage) -> _Source:
    context = f"{passage.title} {' '.join(passage.headings)} {passage.text}"
    sentences = tuple(
        (span, source_terms(passage.text[span.start : span.end]))
        for span in split_sentences(passage.text)
    )
    return _Source(passage, source_terms(context), sentences)


@dataclass(slots=True)
class Citer:
    """Turns the model's text into text with right markers, piece by piece.

    `feed` returns what can be shown now: a possible marker and the end of a sentence are held
    back until it is clear what they are. The pieces together are the final text.
    """

    passages: Sequence[Passage]
    question: str = ""
    citations: list[Citation] = field(default_factory=list)
    unsupported: list[Unsupported] = field(default_factory=list)
    _prepared: list[_Source] = field(default_factory=list)
    _pending: str = ""  # received, not yet looked at
    _sentence: str = ""  # shown part of the present sentence
    _held: str = ""  # its end: full stop and what follows, not yet shown
    _written: list[int] = field(default_factory=list)  # markers the model wrote in it
    _in_code: bool = False
    _shown: int = 0  # characters of the answer so far
    _began: int = 0  # where in it the present sentence begins

    @property
    def _sources(self) -> list[_Source]:
        """Made for the first sentence: the first token need not wait for it."""
        self._prepared = self._prepared or [_source(p) for p in self.passages]
        return self._prepared

    def feed(self, text: str) -> str:
        """Take the next piece of the model's text and return what can be shown."""
        self._pending += text
        shown = ""
        while self._pending:
            marker = _MARKER.match(self._pending)
            if marker and self._take_marker(marker):
                self._pending = self._pending[marker.end() :]
                continue
            if not marker and _OPENS_MARKER.match(self._pending):
                break  # may become a marker
            char, self._pending = self._pending[0], self._pending[1:]
            shown += self._take_char(char)
        return shown

    def finish(self) -> str:
        """What was held back at the end of the answer."""
        rest, self._pending = self._pending, ""
        shown = "".join(self._take_char(char) for char in rest)
        return shown + self._close_sentence()

    def _take_marker(self, marker: re.Match[str]) -> bool:
        """False where the brackets are the source's own words, such as 国发[24]12号."""
        numbers = [int(n) for n in re.findall(r"\d+", marker[1])]
        valid = [n for n in numbers if 1 <= n <= len(self.passages)]
        if not valid and any(marker[0] in p.text for p in self.passages):
            return False
        self._written += [n for n in valid if n not in self._written]
        return True

    def _take_char(self, char: str) -> str:
        if not self._held and char not in _TERMINATORS:
            return self._write(char)
        if char in _TERMINATORS or char in _CLOSERS or char.isspace():
            self._held += char
            return ""
        if self._held == ".":  # 3.5, v1.2: the sentence goes on
            self._held = ""
            return self._write("." + char)
        return self._close_sentence() + self._write(char)

    def _write(self, text: str) -> str:
        """Add to the present sentence."""
        if not self._sentence:
            self._began = self._shown
        self._sentence += text
        self._shown += len(text)
        return text

    def _close_sentence(self) -> str:
        ending, self._held = self._held, ""
        sentence, self._sentence = self._sentence, ""
        markers = self._mark(sentence)
        space = " " if markers and sentence[-1:].isascii() and sentence[-1:].isalnum() else ""
        closed = space + markers + ending
        self._shown += len(closed)
        return closed

    def _mark(self, sentence: str) -> str:
        written, self._written = self._written, []
        if sentence.lstrip().startswith("```"):
            self._in_code = not self._in_code
        if self._in_code or _NOT_CITED.match(sentence) or _REFUSAL.search(sentence):
            return ""
        wanted = content_terms(sentence)
        held = [support(wanted, s.terms) for s in self._sources]
        chosen = [n for n in written if held[n - 1] >= SUPPORT_TO_KEEP]
        if not chosen and held and max(held) >= SUPPORT_TO_ADD:
            chosen = [held.index(max(held)) + 1]
        for number in chosen:
            self._cite(number, wanted)
        if not chosen and wanted:
            self._note_unsupported(sentence, wanted)
        return "".join(f"[{n}]" for n in chosen)

    def _note_unsupported(self, sentence: str, wanted: frozenset[str]) -> None:
        words = wanted - numbers_in(wanted)
        held = any(support(words, source.terms) >= SUPPORT_TO_ADD for source in self._sources)
        start = self._began + len(sentence) - len(sentence.lstrip())
        end = self._began + len(sentence.rstrip())
        self.unsupported.append(Unsupported(start, end, "number" if held else "words"))

    def conflicts(self) -> list[Conflict]:
        """Sentences of other documents that say what was cited, with other numbers."""
        found: list[Conflict] = []
        for citation in self.citations:
            cited = source_terms(citation.text)
            for number, source in enumerate(self._sources, start=1):
                if source.passage.document_id == citation.document_id:
                    continue
                for span, words in source.sentences:
                    if _contradicts(cited, words):
                        text = source.passage.text[span.start : span.end].strip()
                        found.append(Conflict(citation.marker, citation.text, number, text))
        return found

    def _cite(self, marker: int, wanted: frozenset[str]) -> None:
        """Point at the sentence of the passage that shares most with the answer's sentence; of a
        short answer, such as a name, the question says which of its mentions is meant.
        """
        source = self._sources[marker - 1]
        asked = content_terms(self.question)
        span, _ = max(
            source.sentences,
            key=lambda item: 2 * len(item[1] & wanted) + len(item[1] & asked),
        )
        words = source.passage.text[span.start : span.end]
        start = source.passage.start + span.start + len(words) - len(words.lstrip())
        part = source.passage.part_at(start)
        citation = Citation(
            marker=marker,
            chunk_id=part.chunk_id,
            document_id=source.passage.document_id,
            document_name=source.passage.document_name,
            page=part.page,
            start=start,
            end=start + len(words.strip()),
            text=words.strip(),
            locator=part.locator,
        )
        if citation not in self.citations:
            self.citations.append(citation)


def _contradicts(cited: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences speak of the same and each has numbers that the other lacks."""
    words, other_words = cited - numbers_in(cited), other - numbers_in(other)
    if not words or not other_words:
        return False
    shared = len(words & other_words) / max(len(words), len(other_words))
    mine, theirs = numbers_in(cited) - numbers_in(other), numbers_in(other) - numbers_in(cited)
    return shared >= SAME_MATTER and bool(mine) and bool(theirs)
