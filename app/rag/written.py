"""One answer while a model writes it: its prompt, its pieces, its verdicts.

Style, prompt and reader are those of the engine that writes, also where it is not the first one
that was asked.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal

from app import tracing
from app.llm.chat_model import ChatModel, Delta
from app.llm.messages import Message, Served, TokenCounts
from app.llm.repetition import without_repetition
from app.llm.traced import traced
from app.rag.clock import Clock
from app.rag.events import AnswerEvent, Question, Sources, Stage, TextDelta, Thought
from app.rag.extractive.cell import table_asked_first
from app.rag.extractive.opening import opening
from app.rag.extractive.reader import ExtractiveReader
from app.rag.grounding.check import Checker, citations_of, conflicts_of, unsupported_of
from app.rag.language import language_of
from app.rag.prompting.budget import PromptBudget
from app.rag.prompting.judge import stated_probability
from app.rag.prompting.prompt import STOPS, Prompt, build_prompt, render_chatml
from app.rag.prompting.styles import Style
from app.rag.retrieval.retrieve import Retrieved
from app.rag.types import Answer, Check, FinishReason, Passage

_LOOK_EVERY = 200  # characters of an answer
_STATED_FROM = 0.5  # probability that the sources state the answer


@dataclass(frozen=True, slots=True)
class Writing:
    """How answers are written: room, styles by engine, and who judges them."""

    top_k: int
    budget: PromptBudget
    max_answer_tokens: int
    style: Style
    styles: Mapping[str, Style]
    checker: Checker
    judged: bool = False  # by the model itself, once it has written

    def style_of(self, engine: str) -> Style:
        return self.styles.get(engine, self.style)


@dataclass(slots=True)
class Written:
    """One answer, from its prompt to its verdicts."""

    line: Writing
    question: Question
    found: Retrieved
    clock: Clock
    engine: str = ""
    text: str = ""
    thought: str = ""
    finish: FinishReason = "stop"
    tokens: TokenCounts = field(default_factory=TokenCounts)
    served: Served | None = None
    reader: ExtractiveReader | None = None
    prompts: dict[str, Prompt] = field(default_factory=dict)  # by engine
    _answers: bool = False  # the thought, if any, is over
    _raw: str = ""  # what the model wrote
    _looked_at: int = 0
    _looking: asyncio.Task[object] | None = None

    async def stream(self, model: ChatModel) -> AsyncGenerator[AnswerEvent, None]:
        """Everything but the Answer."""
        max_tokens, temperature = self.line.max_answer_tokens, self.question.temperature
        self._messages(model)
        self.clock.lap("prompt")
        for event in self._begun_by(model.name):
            yield event
        deltas = model.stream(
            self._messages,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=STOPS,
            thinking=self.question.thinking,
        )
        deltas = traced(deltas, model=model.name, max_tokens=max_tokens, temperature=temperature)
        async with aclosing(without_repetition(deltas)) as guarded:
            async for delta in guarded:
                if delta.served and delta.served.engine != self.engine:
                    for event in self._begun_by(delta.served.engine):
                        yield event
                self.served = delta.served or self.served
                if delta.text or delta.thought:
                    self._first_token(model)
                if delta.thought or delta.text_was_thought:
                    yield self._think(delta)
                if delta.text:
                    if not self._answers:
                        self._begin_answer()
                        yield _stage("writing", self.prompt.passages)
                    yield self._piece(delta)
                self._note(delta)
        self._begin_answer()  # where there was none
        self.tokens = replace(self.tokens, thought=model.count_tokens(self.thought))
        tuned = bool(self.served and self.served.adapter)
        if self.reader and (rest := self.reader.finish(tuned=tuned)):
            self.text += rest
            yield TextDelta(rest, "")
        self.clock.lap("generate")

    @property
    def prompt(self) -> Prompt:
        return self.prompts[self.engine]

    async def answer(self, confidence: float, model: ChatModel) -> Answer:
        """What was written with what is known about it; `model` wrote it."""
        passages = self.prompt.passages
        if self._looking:
            await asyncio.gather(self._looking, return_exceptions=True)
        checks = await self._check()
        citations = citations_of(checks)
        self.clock.lap("check")
        if self.reader and self.reader.found_nothing:
            self.finish = "no_sources"
        elif self.line.judged and self.finish == "stop" and not await self._is_stated(model):
            self.finish = "not_stated"
        return Answer(
            text=self.text,
            citations=citations,
            passages=passages,
            model=self.engine,
            adapter=(self.served.adapter if self.served else "") or None,
            finish_reason=self.finish,
            tokens=self.tokens,
            style=self.line.style_of(self.engine).name,
            confidence=confidence,
            checks=checks,
            unsupported=unsupported_of(checks),
            conflicts=tuple(conflicts_of(citations, passages)),
            timings_ms=self.clock.timings_ms,
            served=self.served,
            thought=self.thought,
        )

    async def _is_stated(self, model: ChatModel) -> bool:
        said = await stated_probability(model, self.prompt, self.question.text, self._raw)
        self.clock.lap("judge")
        return said is None or said >= _STATED_FROM

    def _messages(self, model: ChatModel) -> Sequence[Message]:
        """For the engine that is asked, in its own style."""
        if model.name not in self.prompts:
            line, style = self.line, self.line.style_of(model.name)
            with tracing.span("prompt"):
                hits: Sequence[Passage] = self.found.hits
                if style.quotes:
                    asked = self.question.text
                    hits = table_asked_first(hits, self.found.around, asked)
                self.prompts[model.name] = build_prompt(
                    self.question.text,
                    hits,
                    self.found.around,
                    self.question.history,
                    count_tokens=model.count_tokens,
                    max_prompt_tokens=line.budget.tokens(model.name, self._head_tokens(model)),
                    max_passages=line.top_k,
                    style=style,
                    begin=opening(self.question.text) if style.opens else "",
                    most_tokens=model.context_tokens - line.max_answer_tokens,
                )
        return self.prompts[model.name].messages

    def _begun_by(self, engine: str) -> Sequence[AnswerEvent]:
        self.engine = engine
        self._begin_text()
        return Sources(self.prompt), _stage("reading", self.prompt.passages)

    def _begin_text(self) -> None:
        quotes = self.line.style_of(self.engine).quotes
        passages = self.prompt.passages
        self.text = self._raw = ""
        self._looked_at = 0
        asked, around = self.question.text, self.found.around
        self.reader = ExtractiveReader(passages, asked, around) if quotes else None

    def _begin_answer(self) -> None:
        self._answers = True
        if self.thought:
            self.clock.first("thinking")

    def _think(self, delta: Delta) -> Thought:
        if delta.text_was_thought:
            self.thought += self.text
            self._begin_text()
            self.clock.first("thinking")
        self.thought += delta.thought
        return Thought(delta.thought, self.served, delta.text_was_thought)

    def _first_token(self, model: ChatModel) -> None:
        if "first_token" in self.clock.timings_ms:
            return
        read_s = self.clock.lap("first_token") / 1000
        if self.served is None or not self.served.tried:  # else others took time as well
            tokens = self.prompt.token_count - self._head_tokens(model)
            self.line.budget.learn(model.name, tokens, read_s)

    def _head_tokens(self, model: ChatModel) -> int:
        """What every prompt in this language begins with: the engine has it in its cache."""
        head = self.line.style_of(model.name).head(language_of(self.question.text))
        return model.count_tokens(render_chatml(head, generation=False))

    async def _check(self) -> tuple[Check, ...]:
        question, passages = self.question.text, self.prompt.passages
        return await asyncio.to_thread(self.line.checker.check, question, self.text, passages)

    def _look_ahead(self) -> None:
        """Check what there is so far, for its vectors only: in two languages they take long, and
        are kept. So at the end only the last sentences wait for theirs."""
        if len(self.text) - self._looked_at < _LOOK_EVERY or not self._across_languages:
            return
        if self._looking is None or self._looking.done():
            self._looked_at = len(self.text)
            self._looking = asyncio.create_task(self._check())

    @property
    def _across_languages(self) -> bool:
        asked = language_of(self.question.text)
        return any(language_of(passage.text) != asked for passage in self.prompt.passages)

    def _piece(self, delta: Delta) -> TextDelta:
        text = self.reader.feed(delta.text) if self.reader else delta.text
        self.text += text
        self._raw += delta.text
        self._look_ahead()
        return TextDelta(text, delta.text, self.served)

    def _note(self, delta: Delta) -> None:
        if delta.finish_reason == "length":
            self.finish = "length"
        elif delta.finish_reason == "repeated":
            self.finish = "repeated"
        self.tokens = delta.tokens or self.tokens


def _stage(stage: Literal["reading", "writing"], passages: Sequence[Passage]) -> Stage:
    return Stage(stage, len(passages), len({p.document_id for p in passages}))
