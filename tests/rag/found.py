"""An answer line over passages that were found already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.llm.chat_model import ChatModel
from app.rag.answer import AnswerLine
from app.rag.events import AnswerEvent, Question, TextDelta
from app.rag.prompting.budget import PromptBudget
from app.rag.retrieval.retrieve import Retrieved
from app.rag.types import Answer, Passage, Scope


@dataclass(frozen=True, slots=True)
class Found:
    passages: tuple[Passage, ...]

    def retrieve(self, query: str, scope: Scope, top_k: int, *, context: str = "") -> Retrieved:
        around = {(p.document_id, p.ordinal): p for p in self.passages}
        return Retrieved(self.passages, around, top_k)


def line_over(passages: Sequence[Passage], model: ChatModel, **changes: Any) -> AnswerLine:
    """With room for everything."""
    size = 1_000_000
    return AnswerLine(Found(tuple(passages)), model, 6, PromptBudget(size), size, **changes)


async def events_of(line: AnswerLine, question: str) -> list[AnswerEvent]:
    return [event async for event in line.stream(Question(question, Scope(("b",))))]


def answer_in(events: Sequence[AnswerEvent]) -> Answer:
    (answer,) = [event for event in events if isinstance(event, Answer)]
    return answer


def texts_in(events: Sequence[AnswerEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, TextDelta)]
