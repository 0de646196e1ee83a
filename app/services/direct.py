"""Answers that are not stored: for clients that keep their own conversations (/v1)."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise

from sqlmodel import select

from app.db.engine import Database
from app.db.tables import KnowledgeBase
from app.rag.answer import AnswerEvent, AnswerLine, Question
from app.rag.types import Answer, Message
from app.services.ask import without_markers
from app.services.errors import Invalid, NotFound
from app.services.measure import answering
from app.services.search import Search

ALL_BASES = "zhiwen"


@dataclass(frozen=True, slots=True)
class Direct:
    db: Database
    search: Search
    answer_line: AnswerLine

    def model_names(self) -> list[str]:
        """`zhiwen`, which asks all bases, and one model a base: `zhiwen/<name>`."""
        return [ALL_BASES, *(f"{ALL_BASES}/{base.name}" for base in self._bases())]

    def question(
        self, model: str, messages: Sequence[Message], temperature: float | None
    ) -> Question:
        """The last message as the question, those before as its history; system texts are the
        service's own and those of the client are left out.

        Raises NotFound for an unknown model, Invalid, TooLarge.
        """
        turns = [m for m in messages if m.role != "system"]
        if not turns or turns[-1].role != "user":
            raise Invalid("The last message must be the user's question.", code="no_question")
        base_ids = [b.id for b in self._bases() if model in (ALL_BASES, f"{ALL_BASES}/{b.name}")]
        if not base_ids and model != ALL_BASES:
            raise NotFound("model", model)
        question = turns[-1].content
        self.search.check(question, base_ids)
        return Question(question, tuple(base_ids), _pairs(turns[:-1]), temperature or 0.0)

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """The events of the answer; closing the generator stops the engine."""
        with answering() as ending:
            async with aclosing(self.answer_line.stream(question)) as events:
                async for event in events:
                    if isinstance(event, Answer):
                        ending.take(event)
                    yield event

    def _bases(self) -> list[KnowledgeBase]:
        with self.db.read() as session:
            return list(session.exec(select(KnowledgeBase).order_by(KnowledgeBase.name)))


def _pairs(turns: Sequence[Message]) -> tuple[Message, ...]:
    """Questions with the answer that follows them; anything else is left out."""
    pairs: list[Message] = []
    for first, second in pairwise(turns):
        if first.role == "user" and second.role == "assistant":
            pairs += [first, Message("assistant", without_markers(second.content))]
    return tuple(pairs)
