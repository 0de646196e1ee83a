"""Asks a question: stores its conversation and two messages, and starts the generation."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

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
from app.services.answers.answer_cache import (
    AnswerCache,
    names_origin,
    reuse_answer,
    without_origin,
)
from app.services.answers.approved_answer import FindApproved, give_approved
from app.services.answers.branches.place import Place
from app.services.answers.branches.showing import show, title_of
from app.services.answers.branches.tree import tree_of
from app.services.answers.closed_sources import open_turns
from app.services.answers.conversations import (
    get_conversation,
    get_message,
    own_among,
    refuse_streaming,
)
from app.services.answers.generations import Generation, Generations
from app.services.answers.history import (
    EarlierAnswer,
    Turn,
    earlier_answer,
    history_of,
    turns_of,
)
from app.services.answers.question_limit import QuestionLimit
from app.services.answers.recipe import Recipes, answer_key
from app.services.answers.task_checks import check_task
from app.services.errors import Invalid, NotFound
from app.services.library.bases import attached_among, stored_base
from app.services.people.access import Access
from app.services.people.grants import roles_in
from app.services.search.search import Search

CACHED_TASKS = ("qa", "summarise")
END = Place()
_REGENERATE_TEMPERATURE = 0.7  # at 0, the same prompt would give the same answer


@dataclass(frozen=True, slots=True)
class Asked:
    """The stored rows; `answer` is still empty and in state `streaming`, unless it was there
    already: `names_origin` tells whether the asker may know where."""

    conversation: Conversation
    question: StoredMessage
    answer: StoredMessage
    to_answer: Question
    names_origin: bool = True


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
        place: Place = END,
        task: Task = "qa",
        document_id: str = "",
        fresh: bool = False,
        thinking: bool | None = None,
    ) -> Asked:
        """Stores the question and an empty answer, in a new conversation if none is given.

        Another question in the same place begins a new branch, which is shown from then on. If a
        person approved an answer, or the cache has one, it is complete already, unless `fresh`.
        `model`, an engine's name or `auto`, is saved for the conversation. `thinking` is for models
        with such a switch.
        Raises Invalid, TooLarge, NotFound, Conflict while an answer is being written, and
        EngineBusy.
        """
        question, scope = check_task(self.search, access, question, base_ids, task, document_id)
        self._check(model)
        conversation_id, turns = self._before(access, conversation_id, place)
        approved = None
        if task == "qa" and not fresh and not (turns and leans(question)):
            approved = self.approved(question, scope)
        with self.db.write() as session:
            if conversation_id is None:
                conversation = Conversation(
                    owner_id=access.person_id, title=title_of(question), base_ids=list(base_ids)
                )
            else:
                conversation = get_conversation(session, access, conversation_id, lock=True)
                refuse_streaming(session, conversation_id)
                conversation.base_ids, conversation.updated_at = list(base_ids), utc_now()
            if (attached := attached_among(session, base_ids)) is not None:
                conversation.attached_id = attached.id
            conversation.model = model or conversation.model
            self._check_length(question, conversation, task)
            session.add(conversation)
            session.flush()
            tree = tree_of(session, conversation.id)
            before = place.answer_before(session, tree)
            path = tree.path(before) if before is not None else []
            if turns_of(session, path[-1:]) != turns[-1:]:  # it came or ended just now
                turns = open_turns(session, access, turns_of(session, path))
            beside = tree.asked_after(before)
            asked = StoredMessage(
                conversation_id=conversation.id,
                parent_id=before,
                position=len(path),
                variant=len(beside),
                role="user",
                content=question,
                base_ids=list(base_ids),
            )
            answer = self._empty_answer(asked, base_ids, 0)
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
            if beside or not all(tree.nodes[id_].shown for id_ in path[-1:]):
                session.flush()
                show(session, conversation, asked.id)
            known = names_origin(session, access, answer)
        return Asked(conversation, asked, answer, to_answer, known)

    def regenerate(
        self,
        access: Access,
        answer_id: str,
        model: str | None = None,
        *,
        thinking: bool | None = None,
    ) -> Asked:
        """Stores another, still empty answer to the same question, from those of its bases that are
        still there; `thinking` None: as before."""
        self._check(model)
        old, asked, base_ids = self._answer_and_question(access, answer_id)
        document_id = old.recipe.get("document", "")
        _, scope = check_task(self.search, access, asked.content, base_ids, old.task, document_id)
        _, turns = self._before(access, old.conversation_id, Place(edit=asked.id))
        with self.db.write() as session:
            conversation = get_conversation(session, access, old.conversation_id, lock=True)
            refuse_streaming(session, conversation.id)
            conversation.updated_at = utc_now()
            conversation.model = model or conversation.model
            self._check_length(asked.content, conversation, old.task)
            tree = tree_of(session, conversation.id)
            answer = self._empty_answer(asked, base_ids, len(tree.answers(asked.id)))
            # What was given without a model is replaced by the one that would be written now.
            given = old.cached_from or old.approved_id
            temperature = None if given else _REGENERATE_TEMPERATURE
            before = old.recipe.get("sampling", {}).get("thinking")
            to_answer = Question(
                asked.content,
                scope,
                history_of(turns),
                temperature,
                self._engine_of(conversation),
                task=old.task,
                document_id=document_id,
                thinking=before if thinking is None else thinking,
            )
            self._prepare(session, answer, to_answer, fresh=True)
            session.add_all((conversation, answer))
            if not tree.nodes[asked.id].shown:
                session.flush()
                show(session, conversation, asked.id)
        return Asked(conversation, asked, answer, to_answer)

    def start(self, asked: Asked) -> Generation:
        """Starts answering. Needs a running event loop."""
        if asked.answer.state == "complete":
            told = asked.answer if asked.names_origin else without_origin(asked.answer)
            return self.generations.publish_complete(asked.answer, asked, told)
        generation = self.generations.start(asked.answer, asked.to_answer)
        generation.publish("start", asked)
        return generation

    def _before(
        self, access: Access, conversation_id: str | None, place: Place
    ) -> tuple[str | None, list[Turn]]:
        """The conversation, and what may still be built on of the branch before the place. Read
        before the write lock is taken: a conversation may be long."""
        with self.db.read() as session:
            if conversation_id is None and place.named is not None:
                conversation_id = get_message(session, access, place.named).conversation_id
            if conversation_id is None:
                return None, []
            get_conversation(session, access, conversation_id)
            tree = tree_of(session, conversation_id)
            before = place.answer_before(session, tree)
            path = tree.path(before) if before is not None else []
            return conversation_id, open_turns(session, access, turns_of(session, path))

    def _answer_and_question(
        self, access: Access, answer_id: str
    ) -> tuple[EarlierAnswer, StoredMessage, list[str]]:
        """With the bases of the question, without those that are gone, as attached files are after
        a day; with all of them if none is left to ask. Raises NotFound, and Invalid for a question.
        """
        with self.db.read() as session:
            old = earlier_answer(session, answer_id)
            if not own_among(session, access, [old.conversation_id]):
                raise NotFound("message", answer_id)
            if old.role != "assistant":
                raise Invalid("Only answers can be regenerated.", code="not_an_answer")
            asked = session.get_one(StoredMessage, old.parent_id)
            roles = roles_in(session, access, asked.base_ids)
        left = [base_id for base_id in asked.base_ids if base_id in roles]
        return old, asked, left if left or old.task != "qa" else asked.base_ids

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
        answer.recipe = self.recipes.of(question, question.model, bases, answer.conversation_id)
        if not self.cache.on or question.history or question.task not in CACHED_TASKS:
            return
        answer.answer_key = answer_key(question.text, answer.recipe)
        found = None if fresh else self.cache.find(session, answer.answer_key)
        if found is not None:
            reuse_answer(answer, found)

    def _empty_answer(
        self, asked: StoredMessage, base_ids: Sequence[str], variant: int
    ) -> StoredMessage:
        return StoredMessage(
            conversation_id=asked.conversation_id,
            parent_id=asked.id,
            position=asked.position + 1,
            variant=variant,
            role="assistant",
            state="streaming",
            base_ids=list(base_ids),
            model=self.gateway.name,
            trace_id=tracing.trace_id(),
        )
