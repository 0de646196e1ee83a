"""Tells a model's thought from its answer while the text streams.

Models that think write `<think>`, their thought, `</think>` and then the answer. Some templates
open the thought themselves, so that the text begins inside it; some servers take it out of the
text and send it apart (`app.llm.wire.chunks`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from app.llm.chat_model import Delta

OPENING, CLOSING = "<think>", "</think>"
# A template begins the answer with it where the model is not to think:
# https://huggingface.co/Qwen/Qwen3-8B/blob/main/tokenizer_config.json
EMPTY_THOUGHT = f"{OPENING}\n\n{CLOSING}\n\n"

_CLOSINGS = ("\n" + CLOSING, CLOSING)


@dataclass(slots=True)
class ThoughtSplitter:
    """Splits a text that comes in pieces; where it is cut makes no difference to the whole.

    White space that the template puts around a thought belongs to its tags: all before the opening
    one, one line break behind it, one before the closing one and two behind it. `inside`: the
    template has opened the thought. `closes_alone`: a closing tag outside code, without an opening
    one before it, says that all text so far was the thought. Any other tag in a text that does not
    begin with one is text.
    """

    inside: bool = False
    closes_alone: bool = False
    _state: Literal["beginning", "thought", "perhaps thought", "answer"] = "beginning"
    _held: str = ""
    _breaks: int = 0  # line breaks that still belong to the last tag
    _ticks: int = 0  # of the text so far, to know whether it is inside code

    def feed(self, text: str) -> Iterator[Delta]:
        """What is certain by now."""
        self._held += text
        before = None
        while before != (before := (self._state, len(self._held))) and self._held:
            self._drop_breaks()
            yield from self._step()

    def finish(self) -> Iterator[Delta]:
        """What was held back for a tag that did not come."""
        rest, self._held = self._held, ""
        inside = self._state == "thought" or (self._state == "beginning" and self.inside)
        yield from _delta(rest, thought=inside)

    def _step(self) -> Iterator[Delta]:
        match self._state:
            case "beginning":
                self._begin()
            case "thought":
                yield from self._think()
            case "perhaps thought":
                yield from self._perhaps_think()
            case "answer":
                yield from _delta(self._take(len(self._held)))

    def _begin(self) -> None:
        first = self._held.lstrip()
        if first.startswith(OPENING):
            self._held, self._breaks, self._state = first[len(OPENING) :], 1, "thought"
        elif not OPENING.startswith(first):
            self._state = "perhaps thought" if self.closes_alone else "answer"
            if self.inside:
                self._state = "thought"

    def _think(self) -> Iterator[Delta]:
        end = self._held.find(CLOSING)
        if end < 0:
            yield from _delta(self._take_certain(), thought=True)
            return
        yield from _delta(self._take(end).removesuffix("\n"), thought=True)
        self._close()

    def _perhaps_think(self) -> Iterator[Delta]:
        end = self._held.find(CLOSING)
        text = self._take_certain() if end < 0 else self._take(end)
        self._ticks += text.count("`")
        if end < 0:
            yield from _delta(text)
        elif self._ticks % 2:  # in code, where fences and marks alike come in pairs
            yield from _delta(text + self._take(len(CLOSING)))
        else:
            yield from _delta(text.removesuffix("\n"))
            yield Delta(text_was_thought=True)
            self._close()

    def _close(self) -> None:
        self._take(len(CLOSING))
        self._state, self._breaks = "answer", 2

    def _drop_breaks(self) -> None:
        while self._breaks and self._held:
            if self._held[0] == "\n":
                self._held, self._breaks = self._held[1:], self._breaks - 1
            else:
                self._breaks = 0

    def _take(self, length: int) -> str:
        taken, self._held = self._held[:length], self._held[length:]
        return taken

    def _take_certain(self) -> str:
        """All but an end that may be the beginning of a closing tag."""
        ends = (
            length
            for closing in _CLOSINGS
            for length in range(len(closing) - 1, 0, -1)
            if self._held.endswith(closing[:length])
        )
        return self._take(len(self._held) - max(ends, default=0))


class AnswerParts:
    """Takes an answer apart into deltas of thought and text, and ends its text before `stops`."""

    def __init__(self, *, inside: bool, closes_alone: bool, stops: Sequence[str]) -> None:
        self._split = ThoughtSplitter(inside, closes_alone)
        self._filter = StopFilter(stops)
        self._perhaps_thought = closes_alone  # text in which `stops` do not count yet

    @property
    def stopped(self) -> bool:
        """Whether one of `stops` has come: nothing more belongs to the answer."""
        return self._filter.stopped

    def feed(self, text: str, thought: str = "") -> Iterator[Delta]:
        """`thought` is what the server sends apart from the text, which then holds none."""
        if thought:
            self._split, self._perhaps_thought = ThoughtSplitter(), False
            yield Delta(thought=thought)
        yield from self._filtered(self._split.feed(text))

    def finish(self) -> Iterator[Delta]:
        """What was held back."""
        yield from self._filtered(self._split.finish())
        yield from _delta(self._filter.finish())

    def _filtered(self, deltas: Iterator[Delta]) -> Iterator[Delta]:
        for delta in deltas:
            if delta.text and not self._perhaps_thought:
                yield from _delta(self._filter.feed(delta.text))
            elif not self.stopped:
                self._perhaps_thought = self._perhaps_thought and bool(delta.text)
                yield delta


@dataclass(slots=True)
class StopFilter:
    """Ends an answer before the first of `stops`, as an engine would.

    An engine would also stop where they occur in a thought, and the answer would never come.
    """

    stops: Sequence[str] = ()
    stopped: bool = False
    _held: str = ""

    def feed(self, text: str) -> str:
        """What may be said by now."""
        if self.stopped:
            return ""
        self._held += text
        found = [at for stop in self.stops if (at := self._held.find(stop)) >= 0]
        self.stopped = self.stopped or bool(found)
        certain = min(found) if found else len(self._held) - self._beginning_of_a_stop()
        said, self._held = self._held[:certain], "" if self.stopped else self._held[certain:]
        return said

    def finish(self) -> str:
        rest, self._held = self._held, ""
        return rest

    def _beginning_of_a_stop(self) -> int:
        ends = (
            length
            for stop in self.stops
            for length in range(len(stop) - 1, 0, -1)
            if self._held.endswith(stop[:length])
        )
        return max(ends, default=0)


def _delta(text: str, *, thought: bool = False) -> Iterator[Delta]:
    if text:
        yield Delta(thought=text) if thought else Delta(text)
