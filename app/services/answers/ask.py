"""Asks a question: stores its conversation and two messages, and starts the generation."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, func, select

from app import tracing
from app.db.engine import Database
from app.db.tables import Conversation, StoredMessage, utc_now
from app.llm.chat_model import EngineBusy
from app.llm.engines import AUTO
from app.llm.gateway import Gateway
from app.llm.request_queue import ASKER
from app.rag.events import Question
from app.rag.retrieval.follow_up import leans
from app.rag.types import Task
from app.services.answers.answer_cache import AnswerCache, reuse_answer
from app.services.answers.approved_answer import FindApproved, give_approved
from app.services.answers.closed_sources import open_turns
from app.services.answers.conversations import get_conversation
from app.services.answers.generations import Generation, Generations
from app.services.answers.history import (
    EarlierAnswer,
    Turn,
    earlier_answer,
    history_of,
    newest_turn,
    turns_of,
)
from app.services.answers.question_limit import QuestionLimit
from app.services.answers.recipe import Recipes, answer_key
from app.services.answers.task_checks import check_task
from app.services.errors import Conflict, Invalid, NotFound
from app.services.library.bases import stored_base
from app.services.people.access import Access
from app.services.search.search import Search

_TITLE_CHARS = 40
CACHED_TASKS = ("qa", "summarise")
_REGENERATE_TEMPERATURE = 0.7  # at 0, the same prompt would give the same answer


@dataclass(frozen=True, slots=True)
class Asked:
    """The stored rows; `answer` is still empty and in state `streaming`."""

    conversation: Conversation
    question: StoredMessage
    answer: StoredMessage
    to_answer: Question


@dataclass(frozen=True, slots=True)
class Ask:
    db: Database
    search: Search
    generations: Generations
    gateway: Gateway
    recipes: Recipes
    cache: AnswerCache
    limit: QuestionLimit
    approved: FindApproved

    def ask(
        self,
        access: Access,
        question: str,
        base_ids: Sequence[str],
        conversation_id: str | None,
        model: str | None = None,
        *,
        task: Task = "qa",
        document_id: str = "",
        fresh: bool = False,
        thinking: bool | None = None,
    ) -> Asked:
        """Stores the question and an empty answer, in a new conversation if none is given.

        If a person approved an answer to it, or the cache has one, it is complete already, unless
        `fresh`. `model`, an engine's name or `auto`, is saved for the conversation. `thinking` is
        for models with such a switch.
        Raises Invalid, TooLarge, NotFound, Conflict while an answer is being written, and
        EngineBusy.
        """
        question, scope = check_task(self.search, access, question, base_ids, task, document_id)
        self._check(model)
        turns = self._turns(access, conversation_id)
        approved = None
        if task == "qa" and not fresh and not (turns and leans(question)):
            approved = self.approved(question, scope)
        with self.db.write() as session:
            if conversation_id is None:
                conversation = Conversation(
                    owner_id=access.person_id, title=title_of(question), base_ids=list(base_ids)
                )
            else:
                conversation = get_conversation(session, access, conversation_id)
                conversation.base_ids, conversation.updated_at = list(base_ids), utc_now()
            conversation.model = model or conversation.model
            self._check_length(question, conversation, task)
            session.add(conversation)
            session.flush()
            newest = newest_turn(session, conversation.id)
            if newest is not None and newest.state == "streaming":
                raise Conflict(
                    "The previous answer is still being written. Stop it or wait for it."
                )
            if newest is not None and newest not in turns[-1:]:  # it came or ended just now
                turns = open_turns(session, access, turns_of(session, conversation.id))
            position = newest.position + 1 if newest is not None else 0
            asked = StoredMessage(
                conversation_id=conversation.id,
                position=position,
                role="user",
                content=question,
                base_ids=list(base_ids),
            )
            answer = self._empty_answer(conversation.id, position + 1, 0, base_ids)
            to_answer = Question(
                question,
                scope,
                history_of(turns),
                model=self._engine_of(conversation),
                task=task,
                document_id=document_id,
                thinking=thinking,
            )
            self._prepare(session, answer, to_answer, fresh=fresh or approved is not None)
            if approved is not None:
                give_approved(answer, approved)
            session.add_all((asked, answer))
        return Asked(conversation, asked, answer, to_answer)

    def regenerate(
        self,
        access: Access,
        answer_id: str,
        model: str | None = None,
        *,
        thinking: bool | None = None,
    ) -> Asked:
        """Stores another, still empty answer to the same question; `thinking` None: as before."""
        self._check(model)
        old, asked = self._answer_and_question(access, answer_id)
        document_id = old.recipe.get("document", "")
        _, scope = check_task(
            self.search, access, asked.content, asked.base_ids, old.task, document_id
        )
        turns = self._turns(access, old.conversation_id)
        with self.db.write() as session:
            conversation = get_conversation(session, access, old.conversation_id)
            self._refuse_streaming(session, conversation.id)
            conversation.updated_at = utc_now()
            conversation.model = model or conversation.model
            self._check_length(asked.content, conversation, old.task)
            variant = session.exec(
                select(func.max(StoredMessage.variant)).where(
                    StoredMessage.conversation_id == old.conversation_id,
                    StoredMessage.position == old.position,
                )
            ).one()
            answer = self._empty_answer(
                conversation.id, old.position, (variant or 0) + 1, asked.base_ids
            )
            # What was given without a model is replaced by the one that would be written now.
            given = old.cached_from or old.approved_id
            temperature = None if given else _REGENERATE_TEMPERATURE
            before = old.recipe.get("sampling", {}).get("thinking")
            to_answer = Question(
                asked.content,
                scope,
                history_of([turn for turn in turns if turn.position < asked.position]),
                temperature,
                self._engine_of(conversation),
                task=old.task,
                document_id=document_id,
                thinking=before if thinking is None else thinking,
            )
            self._prepare(session, answer, to_answer, fresh=True)
            session.add_all((conversation, answer))
        return Asked(conversation, asked, answer, to_answer)

    def start(self, asked: Asked) -> Generation:
        """Starts answering. Needs a running event loop."""
        if asked.answer.state == "complete":
            return self.generations.publish_complete(asked.answer, asked)
        generation = self.generations.start(asked.answer, asked.to_answer)
        generation.publish("start", asked)
        return generation

    def _turns(self, access: Access, conversation_id: str | None) -> list[Turn]:
        """Those that may still be built on. Read before the write lock is taken: a conversation may
        be long."""
        if conversation_id is None:
            return []
        with self.db.read() as session:
            get_conversation(session, access, conversation_id)
            return open_turns(session, access, turns_of(session, conversation_id))

    def _answer_and_question(
        self, access: Access, answer_id: str
    ) -> tuple[EarlierAnswer, StoredMessage]:
        """Raises NotFound, and Invalid for a question."""
        with self.db.read() as session:
            old = earlier_answer(session, answer_id)
            get_conversation(session, access, old.conversation_id)
            if old.role != "assistant":
                raise Invalid("Only answers can be regenerated.", code="not_an_answer")
            asked = session.exec(
                select(StoredMessage).where(
                    StoredMessage.conversation_id == old.conversation_id,
                    StoredMessage.position == old.position - 1,
                )
            ).one()
        return old, asked

    def _refuse_streaming(self, session: Session, conversation_id: str) -> None:
        streaming = select(StoredMessage.id).where(
            StoredMessage.conversation_id == conversation_id, StoredMessage.state == "streaming"
        )
        if session.exec(streaming.limit(1)).first() is not None:
            raise Conflict("An answer is still being written. Stop it or wait for it.")

    def _check(self, model: str | None) -> None:
        if model is not None and not self.gateway.knows(model):
            raise NotFound("model", model)
        full = self.generations.running >= self.gateway.capacity
        if full and not self.gateway.yields_to(ASKER.get()):
            raise EngineBusy(
                "Too many questions at once. Please try again in a moment.",
                self.gateway.retry_after_s,
            )

    def _check_length(self, question: str, conversation: Conversation, task: str) -> None:
        if task in ("qa", "chat"):  # texts to be translated are taken apart
            self.limit.check(question, self._engine_of(conversation), sources=task == "qa")

    def _engine_of(self, conversation: Conversation) -> str:
        """The saved engine, or `auto` if it is no longer configured."""
        chosen = conversation.model
        return chosen if chosen is not None and self.gateway.knows(chosen) else AUTO

    def _prepare(
        self, session: Session, answer: StoredMessage, question: Question, *, fresh: bool
    ) -> None:
        """Records the recipe, and fills in the answer if the cache has it."""
        asked = question.scope.base_ids if question.task == "qa" else ()
        bases = [stored_base(session, base_id) for base_id in set(asked)]
        answer.task = question.task
        answer.recipe = self.recipes.of(question, question.model, bases)
        if not self.cache.on or question.history or question.task not in CACHED_TASKS:
            return
        answer.answer_key = answer_key(question.text, answer.recipe)
        found = None if fresh else self.cache.find(session, answer.answer_key)
        if found is not None:
            reuse_answer(answer, found)

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
            model=self.gateway.name,
            trace_id=tracing.trace_id(),
        )


def title_of(question: str) -> str:
    """The first line of the question, shortened."""
    line = " ".join(question.split())
    return line if len(line) <= _TITLE_CHARS else line[: _TITLE_CHARS - 1] + "…"
