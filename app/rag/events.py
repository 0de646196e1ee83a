"""A question to the answer line, and the events that come of it."""

from dataclasses import dataclass
from typing import Literal

from app.llm.messages import Message, Served
from app.rag.prompting.prompt import Prompt
from app.rag.types import Answer, Scope, Task


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
    """The prompt as it is served; `prompt.passages[n - 1]` is what marker n points at. Once more
    where another engine than the first one writes: its prompt may hold others."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class TextDelta:
    """`text` is the next piece to show, `raw` what the model wrote for it: the same, unless the
    extractive reader composes the text. `served` as soon as a gateway knows who writes."""

    text: str
    raw: str
    served: Served | None = None


@dataclass(frozen=True, slots=True)
class Thought:
    """The next piece of what the model thinks before it answers: shown apart, never cited or
    checked. `text_was_thought`: all text so far belongs to it, as is known only now."""

    text: str
    served: Served | None = None
    text_was_thought: bool = False


AnswerEvent = Stage | Sources | Thought | TextDelta | Answer


@dataclass(frozen=True, slots=True)
class Question:
    """`history` holds question–answer pairs, oldest first, markers taken out. `model`: an engine's
    name, or `auto`. `temperature` and `thinking` None: as is usual for the model."""

    text: str
    scope: Scope
    history: tuple[Message, ...] = ()
    temperature: float | None = None
    model: str = "auto"
    task: Task = "qa"
    document_id: str = ""  # what is to be summarised
    thinking: bool | None = None
