"""Answers from sources that the model finds by calling tools.

The model's calls are executed and it is asked again with their results, at most `steps` times; then
it is asked without tools, so that there is always an answer. If the engine rejects tools, the
question is answered without them.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from app.llm.chat_model import RequestRejected
from app.llm.messages import Message
from app.prompts.prompt_file import PromptFile
from app.rag.answer import AnswerLine
from app.rag.clock import Clock
from app.rag.events import AnswerEvent, Question, Sources, Stage, TextDelta
from app.rag.language import language_of
from app.rag.prompting.prompt import STOPS, Prompt, neutralise, recent_turns
from app.rag.retrieval.retrieve import ChunksOf
from app.tasks.toolbox import TOOLS, Toolbox
from app.tasks.writing import Writing, answer_of, size

log = logging.getLogger(__name__)

MAX_CALLS = 4  # per step
_RESULT_SHARE = 0.25  # share of the context per result
_TOOLS_TOKENS = 400  # approximate size of the tool descriptions


@dataclass(frozen=True, slots=True)
class WithTools:
    """`plain` answers if the engine does not support tools."""

    plain: AnswerLine
    prompt: PromptFile
    chunks: ChunksOf
    steps: int

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Stages, sources and text, then the Answer. Raises what `AnswerLine.stream` raises."""
        run = _Run(self, question, Toolbox(self.plain.retriever, self.chunks, question))
        try:
            async with aclosing(run.stream()) as events:
                async for event in events:
                    yield event
            return
        except RequestRejected as error:
            if len(run.writings) > 1:
                raise
            log.warning("the engine rejects tools: %s", error)
        async with aclosing(self.plain.stream(question)) as events:
            async for event in events:
                yield event


@dataclass(slots=True)
class _Run:
    line: WithTools
    question: Question
    box: Toolbox
    messages: list[Message] = field(default_factory=list)
    writings: list[Writing] = field(default_factory=list)
    shown: str = ""

    async def stream(self) -> AsyncGenerator[AnswerEvent, None]:
        clock = Clock()
        yield Stage("searching")
        self.messages = self._first_messages()
        for step in range(self.line.steps + 1):
            last = step == self.line.steps or not self._room()
            async with aclosing(self._write(clock, tools=not last)) as events:
                async for event in events:
                    yield event
            calls = self.writings[-1].tool_calls[:MAX_CALLS]
            if last or not calls:
                break
            self.messages.append(Message("assistant", self.writings[-1].text, calls))
            for call in calls:
                yield Stage("searching", len(self.box.sources))
                result = await asyncio.to_thread(self.box.run, call, self._result_chars())
                self.messages.append(Message("tool", result, tool_call_id=call.id))
            clock.lap("tools")
        plain, sources = self.line.plain, list(self.box.sources)
        checks = await asyncio.to_thread(
            plain.checker.check, self.question.text, self.shown, sources
        )
        yield answer_of(self.shown, self.writings, clock, checks=checks, passages=sources)

    async def _write(self, clock: Clock, *, tools: bool) -> AsyncGenerator[AnswerEvent, None]:
        """Asks the model once; text before a tool call is shown as a separate paragraph."""
        messages, sources = tuple(self.messages), tuple(self.box.sources)
        yield Sources(Prompt(messages, sources, size(self.line.plain.model, messages)))
        if sources:
            yield Stage("reading", len(sources))
        writing = Writing(
            self.line.plain.model,
            messages,
            self.line.plain.max_answer_tokens,
            self.question.temperature,
            tools=TOOLS if tools else (),
            stop=STOPS,
            thinking=self.question.thinking,
        )
        self.writings.append(writing)
        async with aclosing(writing.stream()) as pieces:
            async for piece in pieces:
                if clock.first("first_token"):
                    yield Stage("writing", len(sources))
                if isinstance(piece, TextDelta):
                    self.shown += piece.text
                yield piece
        if writing.text and writing.tool_calls:
            self.shown += "\n\n"
            yield TextDelta("\n\n", "")

    def _first_messages(self) -> list[Message]:
        plain = self.line.plain
        head = self.line.prompt.head(language_of(self.question.text))
        asked = Message("user", neutralise(self.question.text))
        budget = plain.budget.most - size(plain.model, (*head, asked))
        turns = recent_turns(self.question.history, plain.model.count_tokens, max(0, budget) // 4)
        return [*head, *turns, asked]

    def _room(self) -> bool:
        """Whether another call and its result still fit the context."""
        model = self.line.plain.model
        left = model.context_tokens - self.line.plain.max_answer_tokens - _TOOLS_TOKENS
        # `size` does not count the assistant's calls, hence twice the result's share.
        return left - size(model, self.messages) > 2 * _RESULT_SHARE * model.context_tokens

    def _result_chars(self) -> int:
        """Maximum characters of a result: a token has at least about one character, in Chinese."""
        return int(_RESULT_SHARE * self.line.plain.model.context_tokens)
