"""Answers that are not stored, for clients that keep their own conversations (/v1)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise

from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import KnowledgeBase
from app.llm.engines import AUTO
from app.llm.gateway import Gateway
from app.llm.messages import Message
from app.measure import answering
from app.rag.answer import AnswerLine
from app.rag.events import AnswerEvent, Question, TextDelta
from app.rag.grounding.statements import without_markers
from app.rag.retrieval.follow_up import leans
from app.rag.types import Answer, Scope
from app.services.answers.approved_answer import FindApproved, answer_of
from app.services.answers.front_end import prompt_of_front_end
from app.services.answers.question_limit import QuestionLimit
from app.services.errors import Invalid, NotFound
from app.services.people.access import Access
from app.services.people.grants import roles_in
from app.services.search.search import Search
from app.tasks.tasks import TaskStream

ALL_BASES = "zhiwen"


@dataclass(frozen=True, slots=True)
class Direct:
    """Task `chat` of `tasks` is for the prompts that front ends send for themselves."""

    db: Database
    search: Search
    answer_line: AnswerLine
    gateway: Gateway
    limit: QuestionLimit
    tasks: TaskStream
    approved: FindApproved

    def model_names(self, access: Access) -> list[str]:
        """`zhiwen` for all bases of the person, and `zhiwen/<name>` for each; with several engines
        also `auto` and their names, which query all bases."""
        bases = [ALL_BASES, *(f"{ALL_BASES}/{name}" for name in self._bases(access))]
        engines = list(self.gateway.engines)
        return [*bases, AUTO, *engines] if len(engines) > 1 else bases

    def question(
        self,
        access: Access,
        model: str,
        messages: Sequence[Message],
        temperature: float | None,
        thinking: bool | None = None,
    ) -> Question:
        """The last message as the question, with the earlier ones as history. The client's system
        messages are ignored in favour of our own, unless the front end asks for itself, for a title
        of the conversation or the like: that is no question to documents.

        Raises NotFound for an unknown model, Invalid, TooLarge.
        """
        base_ids, engine = self._parse_model(access, model)
        turns = [m for m in messages if m.role in ("user", "assistant")]
        if own := prompt_of_front_end(messages):
            self.limit.check(own.content, engine, sources=False)
            history = _pairs(turns[:-1] if messages[-1].role == "user" else turns)
            return Question(
                own.content,
                Scope(),
                history,
                temperature,
                engine,
                "chat",
                thinking=thinking or False,
            )
        if messages[-1].role != "user":
            raise Invalid("The last message must be the user's question.", code="no_question")
        question = self.about(access, base_ids, turns, engine)
        return replace(question, temperature=temperature, thinking=thinking)

    def about(
        self, access: Access, base_ids: Sequence[str], turns: Sequence[Message], engine: str = AUTO
    ) -> Question:
        """The last of `turns` as a question to documents, whatever it says.

        Raises NotFound for a base that the person may not see, Invalid, TooLarge.
        """
        question = turns[-1].content
        scope = self.search.check(access, question, base_ids)
        self.limit.check(question, engine)
        return Question(question, scope, _pairs(turns[:-1]), model=engine)

    def bases_named(self, access: Access, names: Sequence[str]) -> list[str]:
        """Ids of the person's bases by name or id; all where none is given. Raises NotFound."""
        known = self._bases(access)
        known |= {id_: id_ for id_ in known.values()}
        missing = next((name for name in names if name not in known), None)
        if missing is not None:
            raise NotFound("base", missing)
        return sorted({known[name] for name in names or known})

    def bases_of(self, access: Access, model: str) -> list[str]:
        """Ids of the bases that a model name stands for. Raises NotFound."""
        return self._parse_model(access, model)[0]

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Yields the events of the answer, of an approved one where there is one. Closing the
        generator stops the engine."""
        with answering() as ending:
            approved = await asyncio.to_thread(self._approved, question)
            if approved is not None:
                ending.take(approved)
                yield TextDelta(approved.text, "")
                yield approved
                return
            async with aclosing(self.tasks.stream(question)) as events:
                async for event in events:
                    if isinstance(event, Answer):
                        ending.take(event)
                    yield event

    def _approved(self, question: Question) -> Answer | None:
        if question.task != "qa" or (question.history and leans(question.text)):
            return None
        found = self.approved(question.text, question.scope)
        return answer_of(found) if found is not None else None

    def _parse_model(self, access: Access, model: str) -> tuple[list[str], str]:
        """Parses a model name into base ids and engine: `zhiwen` or `zhiwen/<base>`, either with
        `@<engine>`, or just an engine. Raises NotFound."""
        ids = {f"{ALL_BASES}/{name}": [id_] for name, id_ in self._bases(access).items()}
        ids[ALL_BASES] = [id_ for (id_,) in ids.values()]
        if model in ids:
            return ids[model], AUTO
        name, _, engine = model.rpartition("@")
        if self.gateway.knows(engine) and (name or ALL_BASES) in ids:
            return ids[name or ALL_BASES], engine
        raise NotFound("model", model)

    def _bases(self, access: Access) -> dict[str, str]:
        """Ids of the person's bases by name, without attached files. Of several with one name their
        own counts, then the oldest."""
        with self.db.read() as session:
            roles = roles_in(session, access)
            bases = session.exec(
                select(KnowledgeBase)
                .where(col(KnowledgeBase.id).in_(roles), col(KnowledgeBase.expires_at).is_(None))
                .order_by(
                    col(KnowledgeBase.owner_id) == access.person_id,
                    col(KnowledgeBase.created_at).desc(),
                )
            )
            found = {base.name: base.id for base in bases}
        return dict(sorted(found.items()))


def _pairs(turns: Sequence[Message]) -> tuple[Message, ...]:
    """Pairs of a question and the following answer; turns without text, tool calls or pictures,
    and other turns are ignored."""
    pairs: list[Message] = []
    for first, second in pairwise(turn for turn in turns if turn.content):
        if first.role == "user" and second.role == "assistant":
            pairs += [first, Message("assistant", without_markers(second.content))]
    return tuple(pairs)
