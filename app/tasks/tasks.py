"""Dispatches each task to the code that performs it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from app.llm.engines import AUTO
from app.llm.routing import Case
from app.rag.answer import AnswerLine
from app.rag.events import AnswerEvent, Question
from app.rag.prompting.prompt import PROMPT_VERSION
from app.rag.types import Task
from app.tasks.about_base import AboutBase
from app.tasks.chat import Chat
from app.tasks.greeting import Greeting, greeting_in
from app.tasks.summarise import Summarise
from app.tasks.translate import Translate
from app.tasks.with_tools import WithTools


class TaskStream(Protocol):
    """Implemented by `AnswerLine`, `Chat`, `Translate`, `Summarise` and `Tasks`."""

    def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Yields events, the Answer last. Closing the generator stops the engine."""


@dataclass(frozen=True, slots=True)
class Tasks:
    answer: AnswerLine
    chat: Chat
    translate: Translate
    summarise: Summarise
    about_base: AboutBase
    greeting: Greeting = field(default_factory=Greeting)
    tools: WithTools | None = None  # replaces `answer` if the model may call tools

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Yields the events of the question's task. Greetings, and questions about the base itself,
        are no matter of documents, and no model is asked."""
        async with aclosing(await self._events(question)) as events:
            async for event in events:
                yield event

    def prompt_id(self, task: Task, model: str = AUTO) -> str:
        """Name and version of the prompt for a model (`auto`: the first): `qa-5/extract`."""
        if task == "qa" and self.tools:
            return self.tools.prompt.id
        if task == "qa":
            first = self.answer.model.name
            return (
                f"{PROMPT_VERSION}/{self.answer.style_of(first if model == AUTO else model).name}"
            )
        line: Chat | Translate | Summarise = getattr(self, task)
        return line.prompt.id

    async def _events(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        if question.task == "qa":
            if greeting_in(question.text):
                return self.greeting.stream(question)
            if said := await self.about_base.answers(question):
                return self.about_base.stream(said)
        return self._line(question).stream(question)

    def _line(self, question: Question) -> TaskStream:
        if question.task == "qa" and self.tools is None:
            return self.answer  # chooses once it knows what was found
        chosen = self.answer.model
        if self.answer.choose is not None:
            chosen = self.answer.choose(question.model, Case(question.text))
        if question.task == "qa" and self.tools is not None:
            return replace(self.tools, plain=replace(self.answer, model=chosen))
        line: Chat | Translate | Summarise = getattr(self, question.task)
        return replace(line, model=chosen)
