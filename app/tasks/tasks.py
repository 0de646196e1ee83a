"""Each task to the line that does it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from app.rag.answer import AnswerEvent, AnswerLine, Question
from app.rag.prompt import PROMPT_VERSION
from app.rag.types import Task
from app.tasks.chat import Chat
from app.tasks.summarise import Summarise
from app.tasks.translate import Translate
from app.tasks.with_tools import WithTools


class Line(Protocol):
    """Implementations: `AnswerLine`, `Chat`, `Translate`, `Summarise`, and `Tasks` over them."""

    def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Events, an Answer last. Closing the generator stops the engine."""


@dataclass(frozen=True, slots=True)
class Tasks:
    answer: AnswerLine
    chat: Chat
    translate: Translate
    summarise: Summarise
    tools: WithTools | None = None  # instead of `answer`, where the model may call them

    def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """The events of the line whose task it is."""
        return self._line(question.task).stream(question)

    def prompt_id(self, task: Task) -> str:
        """Name and version of the task's prompt: `qa-3/extract`, `chat-1`."""
        if task == "qa" and self.tools:
            return self.tools.prompt.id
        if task == "qa":
            return f"{PROMPT_VERSION}/{self.answer.style.name}"
        line: Chat | Translate | Summarise = getattr(self, task)
        return line.prompt.id

    def _line(self, task: Task) -> Line:
        if task == "qa":
            return self.tools or self.answer
        line: Line = getattr(self, task)
        return line
