"""Summarises a document in one call if it fits, else part by part (map-reduce).

Both steps are bounded. A part has at most `PART_TOKENS`, since a CPU reads a prompt at some hundred
tokens per second. At most `MAX_PARTS` are read, spread evenly over the document; if that is not
all, the summary says so. Sentences are cited as usual: each part is a source.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from app.llm.chat_model import ChatModel
from app.llm.messages import Message
from app.prompts.prompt_file import PromptFile
from app.rag.clock import Clock
from app.rag.errors import NothingToRead
from app.rag.events import AnswerEvent, Question, Sources, Stage, TextDelta
from app.rag.grounding.check import Checker
from app.rag.language import Language, language_of
from app.rag.prompting.prompt import STOPS, Prompt, neutralise
from app.rag.retrieval.pack import widen
from app.rag.retrieval.retrieve import ChunksOf
from app.rag.types import Passage
from app.tasks.writing import Writing, answer_of, size

PART_TOKENS = 2000
MAX_PARTS = 12
NOTE_TOKENS = 160  # for the notes on one part
_SLACK_TOKENS = 64  # token counts of parts differ a little from that of the whole


@dataclass(frozen=True, slots=True)
class Summarise:
    model: ChatModel
    prompt: PromptFile
    chunks: ChunksOf
    max_answer_tokens: int
    checker: Checker

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Stages with progress, sources and text, then the Answer.

        Raises NothingToRead, LlmError.
        """
        clock = Clock()
        # Reading a long document and counting its tokens takes seconds, which other answers of
        # this process must not wait for.
        every, language = await asyncio.to_thread(self._read, question.document_id)
        parts = spread(every, MAX_PARTS)
        clock.lap("retrieve")
        writings: list[Writing] = []
        async with aclosing(self._notes(parts, language, writings)) as read:
            async for stage in read:
                yield stage
        clock.lap("notes")
        text = "\n\n".join(w.text.strip() for w in writings) or parts[0].text
        messages = self._messages("whole", parts[0].document_name, language, text)
        yield Sources(Prompt(messages, tuple(parts), size(self.model, messages)))
        said = ""
        if len(parts) < len(every):
            counts = {"read": len(parts), "total": len(every)}
            said = self.prompt.say("sampled", language, **counts) + "\n\n"
            yield TextDelta(said, "")
        writing = Writing(
            self.model,
            messages,
            self.max_answer_tokens,
            question.temperature,
            stop=STOPS,
            thinking=question.thinking,
        )
        writings.append(writing)
        async with aclosing(writing.stream()) as pieces:
            async for piece in pieces:
                clock.first("first_token")
                yield piece
        said += writing.text
        checks = await asyncio.to_thread(self.checker.check, "", said, parts)
        yield answer_of(said, writings, clock, checks=checks, passages=parts)

    def _read(self, document_id: str) -> tuple[list[Passage], Language]:
        """The document in parts that fit a prompt, and its language. Raises NothingToRead."""
        chunks = self.chunks(document_id)
        if not chunks:
            raise NothingToRead("The document has been deleted, or there is no text in it.")
        language = language_of(chunks[0].text)
        budget = self._budget(chunks[0], language)
        return parts_of(chunks, self.model.count_tokens, budget), language

    async def _notes(
        self, parts: Sequence[Passage], language: Language, writings: list[Writing]
    ) -> AsyncGenerator[Stage, None]:
        """Takes notes on each part if there are several; appends them to `writings`."""
        for number, part in enumerate(parts, start=1):
            yield Stage("reading", len(parts), 1, number, len(parts))
            if len(parts) == 1:
                return
            messages = self._messages(
                "part", part.document_name, language, part.text, number=number, total=len(parts)
            )
            budget = self._budget(part, language) // len(parts)
            budget = min(NOTE_TOKENS, budget)
            writing = Writing(self.model, messages, budget, thinking=False)
            await writing.complete()
            writings.append(writing)

    def _budget(self, passage: Passage, language: Language) -> int:
        """Tokens of text that fit one prompt."""
        bare = size(self.model, self._messages("part", passage.document_name, language, ""))
        left = self.model.context_tokens - self.max_answer_tokens - bare - _SLACK_TOKENS
        return max(_SLACK_TOKENS, min(PART_TOKENS, left))

    def _messages(
        self, what: str, name: str, language: Language, text: str, **values: object
    ) -> tuple[Message, ...]:
        # The text is inserted last, so that braces in it are not filled in.
        said = self.prompt.say(what, language, name=name, **values)
        asked = neutralise(said.replace("{text}", text.strip()))
        return (*self.prompt.head(language), Message("user", asked))


def parts_of(
    chunks: Sequence[Passage], count_tokens: Callable[[str], int], max_tokens: int
) -> list[Passage]:
    """Joins consecutive chunks up to `max_tokens`; a longer chunk is cut, as its own part."""
    groups: list[list[Passage]] = []
    used = 0
    for chunk in chunks:
        tokens = count_tokens(chunk.text)
        if not groups or used + tokens > max_tokens:
            groups.append([])
            used = 0
        groups[-1].append(_cut(chunk, max_tokens / tokens) if tokens > max_tokens else chunk)
        used += tokens
    return [widen(group, {}, len(group))[0] for group in groups]


def spread(items: Sequence[Passage], at_most: int) -> list[Passage]:
    """At most `at_most` items, evenly spaced, including the first."""
    if len(items) <= at_most:
        return list(items)
    return [items[i * len(items) // at_most] for i in range(at_most)]


def _cut(chunk: Passage, share: float) -> Passage:
    text = chunk.text[: int(len(chunk.text) * share)]
    return replace(chunk, text=text, end=chunk.start + len(text))
