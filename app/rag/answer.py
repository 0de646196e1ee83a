"""The answer line: retrieve → prompt → generate → check. What it yields is what a client shows.

What the model writes is passed on as it is, piece by piece; the verdicts about it come beside the
text, in the `Answer`. Only the extractive reader, for the smallest models, composes text.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from app.llm.chat_model import ChatModel
from app.llm.messages import Message
from app.llm.routing import Case
from app.rag.clock import Clock
from app.rag.events import AnswerEvent, Question, Stage, TextDelta
from app.rag.grounding.check import Checker
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.language import not_found
from app.rag.prompting.budget import PromptBudget
from app.rag.prompting.rewriting import rewritten as rewrite
from app.rag.prompting.styles import ANSWER, Style
from app.rag.retrieval.follow_up import leans
from app.rag.retrieval.gate import Scoring
from app.rag.retrieval.resolve import resolved
from app.rag.retrieval.retrieve import Retrieved
from app.rag.types import Answer, Scope
from app.rag.written import Writing, Written

ANSWERABLE_FROM = 0.5  # confidence
_NEAREST = 3  # passages shown where none of them answers

Choose = Callable[[str, Case], ChatModel]  # of an engine's name or `auto`


class Retrieve(Protocol):
    """`Retriever.retrieve`, as far as answering needs it."""

    def retrieve(self, query: str, scope: Scope, top_k: int, *, context: str = "") -> Retrieved: ...


@dataclass(frozen=True, slots=True)
class _Understood:
    """`context` is searched along; `rewritten` is the question with what it left out, or empty."""

    to_answer: Question
    context: str = ""
    rewritten: str = ""

    @property
    def text(self) -> str:
        return self.rewritten or self.to_answer.text


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One question in, a stream of events out, an `Answer` last."""

    retriever: Retrieve
    model: ChatModel
    top_k: int
    budget: PromptBudget
    max_answer_tokens: int
    scoring: Scoring = field(default_factory=Scoring)
    style: Style = ANSWER
    choose: Choose | None = None  # `model` answers everything where there is no choice
    styles: Mapping[str, Style] = field(default_factory=dict)  # of models that `choose` returns
    checker: Checker = field(default_factory=EmbeddedChecker)
    judged: bool = False  # ask the model once it has written: do the sources state it?
    rewrites: bool = False  # able models write follow-ups as questions of their own

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Yield stages, sources and text, then the Answer.

        Raises QuestionTooLong, IngestError from the embedder, and LlmError from the engine;
        closing the generator stops the engine.
        """
        clock = Clock()
        yield Stage("searching")
        asked = await self._understood(question, clock)
        found = await asyncio.to_thread(
            self.retriever.retrieve,
            asked.text,
            question.scope,
            self.top_k,
            context=asked.context,
        )
        clock.timings_ms.update(found.timings_ms)
        clock.lap("retrieve")

        confidence = self.confidence(asked.text, found)
        if confidence < ANSWERABLE_FROM:
            answer = self._not_found(question, found, confidence, clock)
            yield TextDelta(answer.text, "")
            yield replace(answer, rewritten=asked.rewritten)
            return

        written = Written(self._writing, asked.to_answer, found, clock)
        model = self._chosen(question, found, confidence)
        async with aclosing(written.stream(model)) as events:
            async for event in events:
                yield event
        yield replace(await written.answer(confidence, model), rewritten=asked.rewritten)

    async def _understood(self, question: Question, clock: Clock) -> _Understood:
        """The question as it is searched. An able model writes a follow-up as a question of its
        own; for the smallest what is left out is put in by rule; else the two are searched
        together."""
        if not question.history:
            return _Understood(question)
        before, follows = _last_question(question.history), leans(question.text)
        model = self.model
        if self.choose is not None:
            model = self.choose(question.model, Case(question.text))
        if self.style_of(model.name).quotes:
            text = resolved(question.text, before) if follows else question.text
            if text != question.text:
                return _Understood(replace(question, text=text), rewritten=text)
            return _Understood(question, before if follows else "")
        if self.rewrites:
            text = await rewrite(question.text, question.history, model)
            clock.lap("rewrite")
            if text:
                return _Understood(question, rewritten="" if text == question.text else text)
        return _Understood(question, before if follows else "")

    def confidence(self, question: str, found: Retrieved) -> float:
        """0 to 1: how surely what was found is about the question."""
        return self.scoring.answerable.confidence(question, found.hits, chunks=found.chunks)

    def style_of(self, model: str) -> Style:
        """How the model of that name is asked."""
        return self._writing.style_of(model)

    @property
    def _writing(self) -> Writing:
        return Writing(
            self.top_k,
            self.budget,
            self.max_answer_tokens,
            self.style,
            self.styles,
            self.checker,
            self.judged,
        )

    def _not_found(
        self, question: Question, found: Retrieved, confidence: float, clock: Clock
    ) -> Answer:
        nearest = found.passages[:_NEAREST]
        return Answer(
            text=not_found(question.text, [passage.document_name for passage in nearest]),
            citations=(),
            passages=nearest,
            model=self.model.name,
            finish_reason="no_sources",
            confidence=confidence,
            timings_ms=clock.timings_ms,
        )

    def _chosen(self, question: Question, found: Retrieved, confidence: float) -> ChatModel:
        if self.choose is None:
            return self.model
        names = tuple(passage.document_name for passage in found.passages)
        return self.choose(question.model, Case(question.text, names, confidence))


def _last_question(history: Sequence[Message]) -> str:
    return next((m.content for m in reversed(history) if m.role == "user"), "")
