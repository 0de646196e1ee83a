"""The answer line: retrieve → prompt → generate → cite. What it yields is what a client shows."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, Protocol

from app import tracing
from app.llm.chat_model import ChatModel
from app.llm.messages import Message, Served, TokenCounts
from app.llm.routing import Case
from app.llm.traced import traced
from app.rag.clock import Clock
from app.rag.extractive.opening import opening
from app.rag.extractive.quote import Quoter
from app.rag.grounding.cite import Citer
from app.rag.language import language_of, not_found
from app.rag.prompting.budget import PromptBudget
from app.rag.prompting.prompt import Prompt, build_prompt, render_chatml
from app.rag.prompting.styles import ANSWER, Style
from app.rag.retrieval.follow_up import leans
from app.rag.retrieval.gate import Answerable
from app.rag.retrieval.retrieve import Retrieved
from app.rag.types import Answer, Citation, FinishReason, Passage, Task

ANSWERABLE_FROM = 0.5  # confidence
_NEAREST = 3  # passages shown where none of them answers


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done, with how much was found so far."""

    stage: Literal["searching", "reading", "writing"]
    passages: int = 0
    documents: int = 0
    done: int = 0  # parts of a long text, of `total`
    total: int = 0


@dataclass(frozen=True, slots=True)
class Sources:
    """The prompt as it will be served; `prompt.passages[n - 1]` is what marker n points at."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class TextDelta:
    """`text` is the next piece to show, `raw` what the model wrote for it; `citations` are all
    so far. `served` as soon as a gateway knows who writes."""

    text: str
    raw: str
    citations: tuple[Citation, ...] = ()
    served: Served | None = None


AnswerEvent = Stage | Sources | TextDelta | Answer


@dataclass(frozen=True, slots=True)
class Question:
    """`history` holds question–answer pairs, oldest first, markers taken out. `model`: an engine's
    name, or `auto`."""

    text: str
    base_ids: tuple[str, ...]
    history: tuple[Message, ...] = ()
    temperature: float = 0.0
    model: str = "auto"
    task: Task = "qa"
    document_id: str = ""  # what is to be summarised


Choose = Callable[[str, Case], ChatModel]  # of an engine's name or `auto`


class Retrieve(Protocol):
    """`Retriever.retrieve`, as far as answering needs it."""

    def retrieve(
        self, query: str, base_ids: Sequence[str], top_k: int, *, context: str = ""
    ) -> Retrieved: ...


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One question in, a stream of events out, an `Answer` last."""

    retriever: Retrieve
    model: ChatModel
    top_k: int
    budget: PromptBudget
    max_answer_tokens: int
    answerable: Answerable = field(default_factory=Answerable)
    style: Style = ANSWER
    choose: Choose | None = None  # `model` answers everything where there is no choice
    styles: Mapping[str, Style] = field(default_factory=dict)  # of models that `choose` returns

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Yield stages, sources and text, then the Answer.

        Raises QuestionTooLong, IngestError from the embedder, and LlmError from the engine;
        closing the generator stops the engine.
        """
        clock = Clock()
        yield Stage("searching")
        context = _last_question(question.history) if leans(question.text) else ""
        found = await asyncio.to_thread(
            self.retriever.retrieve, question.text, question.base_ids, self.top_k, context=context
        )
        clock.timings_ms.update(found.timings_ms)
        clock.lap("retrieve")

        confidence = self.answerable.confidence(
            question.text, found.hits, small_corpus=found.small_corpus
        )
        if confidence < ANSWERABLE_FROM:
            nearest = found.passages[:_NEAREST]
            text = not_found(question.text, [passage.document_name for passage in nearest])
            yield TextDelta(text, "")
            yield Answer(
                text=text,
                citations=(),
                passages=nearest,
                model=self.model.name,
                finish_reason="no_sources",
                confidence=confidence,
                timings_ms=clock.timings_ms,
            )
            return

        model = self._chosen(question, found, confidence)
        style = self.style_of(model.name)
        head = _head_tokens(question.text, style, model)
        with tracing.span("prompt"):
            prompt = build_prompt(
                question.text,
                found.hits,
                found.around,
                question.history,
                count_tokens=model.count_tokens,
                max_prompt_tokens=self.budget.tokens(model.name, head),
                max_passages=self.top_k,
                style=style,
                begin=opening(question.text) if style.opens else "",
            )
        clock.lap("prompt")
        yield Sources(prompt)
        yield _stage("reading", prompt.passages)

        citer = Citer(prompt.passages, question.text)
        quoter = Quoter(prompt.passages, question.text) if style.quotes else None
        shown: list[str] = []
        finish: FinishReason = "stop"
        tokens = TokenCounts()
        served: Served | None = None
        deltas = model.stream(
            prompt.messages, max_tokens=self.max_answer_tokens, temperature=question.temperature
        )
        deltas = traced(
            deltas,
            model=model.name,
            max_tokens=self.max_answer_tokens,
            temperature=question.temperature,
        )
        async with aclosing(deltas):
            async for delta in deltas:
                served = delta.served or served
                if delta.text:
                    if "first_token" not in clock.timings_ms:
                        read_s = clock.lap("first_token") / 1000
                        if served is None or not served.tried:  # else others took time as well
                            self.budget.learn(model.name, prompt.token_count - head, read_s)
                        yield _stage("writing", prompt.passages)
                    text = quoter.feed(delta.text) if quoter else delta.text
                    shown.append(citer.feed(text))
                    yield TextDelta(shown[-1], delta.text, tuple(citer.citations), served)
                finish = "length" if delta.finish_reason == "length" else finish
                tokens = delta.tokens or tokens
        shown.append(citer.feed(quoter.finish() if quoter else "") + citer.finish())
        yield TextDelta(shown[-1], "", tuple(citer.citations))
        clock.lap("generate")
        yield Answer(
            text="".join(shown),
            citations=tuple(citer.citations),
            passages=prompt.passages,
            model=served.engine if served else model.name,
            finish_reason=finish,
            tokens=tokens,
            confidence=confidence,
            unsupported=tuple(citer.unsupported),
            conflicts=tuple(citer.conflicts()),
            timings_ms=clock.timings_ms,
            served=served,
        )

    def style_of(self, model: str) -> Style:
        """How the model of that name is asked."""
        return self.styles.get(model, self.style)

    def _chosen(self, question: Question, found: Retrieved, confidence: float) -> ChatModel:
        if self.choose is None:
            return self.model
        names = tuple(passage.document_name for passage in found.passages)
        return self.choose(question.model, Case(question.text, names, confidence))


def _head_tokens(question: str, style: Style, model: ChatModel) -> int:
    """What every prompt in this language begins with: the engine has it in its cache."""
    return model.count_tokens(render_chatml(style.head(language_of(question)), generation=False))


def _stage(stage: Literal["reading", "writing"], passages: Sequence[Passage]) -> Stage:
    return Stage(stage, len(passages), len({p.document_id for p in passages}))


def _last_question(history: Sequence[Message]) -> str:
    return next((m.content for m in reversed(history) if m.role == "user"), "")
