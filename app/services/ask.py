"""A question: its conversation, its two messages, its generation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from app import tracing
from app.db.engine import Database
from app.db.tables import Conversation, StoredMessage, utc_now
from app.rag.answer import Question
from app.rag.types import Message
from app.services.conversations import get_conversation, get_message
from app.services.errors import Conflict, Invalid
from app.services.generations import Generation, Generations
from app.services.search import Search

_TITLE_CHARS = 40
_MARKERS = re.compile(r"\s?\[\d{1,2}\]")
_REGENERATE_TEMPERATURE = 0.7  # at 0 the same prompt gives the same answer again


@dataclass(frozen=True, slots=True)
class Asked:
    """What was stored; `answer` is still empty and in state `streaming`."""

    conversation: Conversation
    question: StoredMessage
    answer: StoredMessage
    to_answer: Question


@dataclass(frozen=True, slots=True)
class Ask:
    db: Database
    search: Search
    generations: Generations
    temperature: float
    model_name: str

    def ask(self, question: str, base_ids: Sequence[str], conversation_id: str | None) -> Asked:
        """Store the question and an empty answer, in a new conversation where none is named.

        Raises Invalid, TooLarge, NotFound, and Conflict while an answer is being written.
        """
        self.search.check(question, base_ids)
        with self.db.write() as session:
            if conversation_id is None:
                conversation = Conversation(title=title_of(question), base_ids=list(base_ids))
            else:
                conversation = get_conversation(session, conversation_id)
                conversation.base_ids, conversation.updated_at = list(base_ids), utc_now()
            session.add(conversation)
            session.flush()
            earlier = _messages(session, conversation.id)
            if earlier and earlier[-1].state == "streaming":
                raise Conflict("The last answer is still being written. Stop it or wait for it.")
            position = earlier[-1].position + 1 if earlier else 0
            asked = StoredMessage(
                conversation_id=conversation.id,
                position=position,
                role="user",
                content=question,
                base_ids=list(base_ids),
            )
            answer = self._empty_answer(conversation.id, position + 1, 0, base_ids)
            session.add_all((asked, answer))
            history = history_of(earlier)
        to_answer = Question(question, tuple(base_ids), history, self.temperature)
        return Asked(conversation, asked, answer, to_answer)

    def regenerate(self, answer_id: str) -> Asked:
        """Store another, still empty answer to the question before that one."""
        with self.db.write() as session:
            old = get_message(session, answer_id)
            if old.role != "assistant":
                raise Invalid("Only answers are written anew.", code="not_an_answer")
            messages = _messages(session, old.conversation_id)
            if any(m.state == "streaming" for m in messages):
                raise Conflict("An answer is still being written. Stop it or wait for it.")
            conversation = get_conversation(session, old.conversation_id)
            conversation.updated_at = utc_now()
            asked = next(m for m in messages if m.position == old.position - 1)
            self.search.check(asked.content, asked.base_ids)
            variant = session.exec(
                select(func.max(StoredMessage.variant)).where(
                    StoredMessage.conversation_id == old.conversation_id,
                    StoredMessage.position == old.position,
                )
            ).one()
            answer = self._empty_answer(
                conversation.id, old.position, (variant or 0) + 1, asked.base_ids
            )
            session.add_all((conversation, answer))
            history = history_of([m for m in messages if m.position < asked.position])
        temperature = max(self.temperature, _REGENERATE_TEMPERATURE)
        to_answer = Question(asked.content, tuple(asked.base_ids), history, temperature)
        return Asked(conversation, asked, answer, to_answer)

    def start(self, asked: Asked) -> Generation:
        """Begin to answer. Needs a running event loop."""
        generation = self.generations.start(asked.answer, asked.to_answer)
        generation.publish("start", asked)
        return generation

    def _empty_answer(
        self, conversation_id: str, position: int, variant: int, base_ids: Sequence[str]
    ) -> StoredMessage:
        return StoredMessage(
            conversation_id=conversation_id,
            position=position,
            variant=variant,
            role="assistant",
            state="streaming",
            base_ids=list(base_ids),
            model=self.model_name,
            trace_id=tracing.trace_id(),
        )


def title_of(question: str) -> str:
    """The first line of the question, shortened."""
    line = " ".join(question.split())
    return line if len(line) <= _TITLE_CHARS else line[: _TITLE_CHARS - 1] + "…"


def without_markers(text: str) -> str:
    """Markers of an old answer point at other sources than those of the next prompt."""
    return _MARKERS.sub("", text)


def history_of(messages: Sequence[StoredMessage]) -> tuple[Message, ...]:
    """Question–answer pairs, oldest first, of each answer the newest variant that has text."""
    answers = {m.position: m for m in messages if m.role == "assistant" and m.content}
    pairs: list[Message] = []
    for message in messages:
        answer = answers.get(message.position + 1)
        if message.role == "user" and answer is not None and answer.finish_reason != "no_sources":
            pairs.append(Message("user", message.content))
            pairs.append(Message("assistant", without_markers(answer.content)))
    return tuple(pairs)


def _messages(session: Session, conversation_id: str) -> list[StoredMessage]:
    return list(
        session.exec(
            select(StoredMessage)
            .where(StoredMessage.conversation_id == conversation_id)
            .order_by(col(StoredMessage.position), col(StoredMessage.variant))
        )
    )
