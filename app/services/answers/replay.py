"""Replay: regenerates an answer from its stored prompt and compares the two."""

from contextlib import aclosing
from dataclasses import dataclass

import anyio.to_thread

from app.db.engine import Database
from app.db.tables import StoredMessage
from app.llm.adapters import CONVERSATION
from app.llm.chat_model import ChatModel
from app.llm.engines import AUTO
from app.llm.gateway import Gateway
from app.llm.routing import Case
from app.rag.events import Question, TextDelta
from app.rag.extractive.reader import ExtractiveReader
from app.rag.grounding.check import Checker
from app.rag.prompting.prompt import STOPS
from app.rag.types import Answer, Check
from app.services.answers.branches.tree import tree_of
from app.services.answers.closed_sources import open_turns, rests_on_closed
from app.services.answers.conversations import get_message
from app.services.answers.history import history_of, turns_of
from app.services.answers.stored_prompt import chunks_behind, passage_from, served_messages
from app.services.errors import Conflict, Invalid
from app.services.people.access import Access
from app.services.people.grants import scope_of
from app.tasks.tasks import Tasks
from app.tasks.writing import Writing


@dataclass(frozen=True, slots=True)
class Replayed:
    """`answer` is the stored answer; `text`, `raw_output` and `checks` are the new ones. `notes`
    explain possible differences."""

    answer: StoredMessage
    text: str
    raw_output: str
    checks: tuple[Check, ...]
    model: str
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the model wrote identical text."""
        return self.raw_output == self.answer.raw_output

    @property
    def same_verdicts(self) -> bool:
        """Whether every statement was judged alike. Answers of old versions have no verdicts."""
        before = [(c["start"], c["end"], c["verdict"]) for c in self.answer.checks]
        return before == [(c.start, c.end, c.verdict) for c in self.checks]


@dataclass(frozen=True, slots=True)
class Replay:
    """Sends the stored prompt again; tasks with several model calls are repeated from the start."""

    db: Database
    gateway: Gateway
    tasks: Tasks
    checker: Checker
    version: str

    async def run(self, access: Access, message_id: str) -> Replayed:
        """Raises NotFound, Invalid, Conflict, and LlmError from the engine."""
        answer, question = await anyio.to_thread.run_sync(self._stored, access, message_id)
        CONVERSATION.set(answer.conversation_id)
        called_tools = any(m["role"] == "tool" for m in answer.prompt)
        if answer.task in ("translate", "summarise") or called_tools:
            text, raw, checks = await self._repeat(question)
        else:
            text, raw, checks = await self._resend(answer, question.text)
        model = self._model(answer).name
        return Replayed(answer, text, raw, checks, model, self._notes(answer, model))

    def _stored(self, access: Access, message_id: str) -> tuple[StoredMessage, Question]:
        """The answer, and its question with the history."""
        with self.db.read() as session:
            answer = get_message(session, access, message_id)
            if answer.role != "assistant":
                raise Invalid("Only answers can be replayed.", code="not_an_answer")
            if answer.state != "complete":
                raise Conflict("Only complete answers can be replayed.")
            if not answer.recipe or not answer.prompt:
                raise Conflict("This answer has no stored prompt to replay.")
            if rests_on_closed(session, access, answer):
                raise Conflict("A source of this answer is closed to you.", code="source_closed")
            *before, asked_id, _ = tree_of(session, answer.conversation_id).path(answer.id)
            asked = session.get_one(StoredMessage, asked_id)
            earlier = open_turns(session, access, turns_of(session, before))
            scope = scope_of(session, access, answer.base_ids)
        return answer, Question(
            asked.content,
            scope,
            history_of(earlier),
            answer.recipe["sampling"]["temperature"],
            self._model_name(answer),
            task=answer.task,  # type: ignore[arg-type]  # stored tasks are ours
            document_id=answer.recipe["document"],
            thinking=answer.recipe["sampling"].get("thinking"),
        )

    async def _resend(
        self, answer: StoredMessage, question: str
    ) -> tuple[str, str, tuple[Check, ...]]:
        sampling = answer.recipe["sampling"]
        writing = Writing(
            self._model(answer),
            served_messages(answer.prompt),
            sampling["max_tokens"],
            sampling["temperature"],
            stop=STOPS if answer.task == "qa" else (),
            thinking=sampling.get("thinking"),
        )
        raw = await writing.complete()
        if answer.task != "qa":
            return raw, raw, ()
        passages = [passage_from(p) for p in answer.passages]
        text = raw
        if self.tasks.answer.style_of(answer.model or "").quotes:
            around = await anyio.to_thread.run_sync(chunks_behind, self.db, passages)
            reader = ExtractiveReader(passages, question, around)
            text = reader.feed(raw) + reader.finish(tuned=bool(answer.adapter))
        checks = await anyio.to_thread.run_sync(self.checker.check, question, text, passages)
        return text, raw, checks

    async def _repeat(self, question: Question) -> tuple[str, str, tuple[Check, ...]]:
        text, raw = "", ""
        checks: tuple[Check, ...] = ()
        async with aclosing(self.tasks.stream(question)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    raw += event.raw
                elif isinstance(event, Answer):
                    text, checks = event.text, event.checks
        return text, raw, checks

    def _model(self, answer: StoredMessage) -> ChatModel:
        """The engine that wrote the answer, if it is still configured."""
        name = self._model_name(answer)
        return self.gateway if name == AUTO else self.gateway.choose(name, Case())

    def _model_name(self, answer: StoredMessage) -> str:
        name = answer.model or AUTO
        return name if self.gateway.knows(name) else AUTO

    def _notes(self, answer: StoredMessage, model: str) -> tuple[str, ...]:
        recipe, notes = answer.recipe, []
        if (temperature := _temperature(answer)) > 0:
            notes.append(f"Sampled at temperature {temperature}.")
        if answer.model != model:
            notes.append(f"Written by {answer.model}; {model} is running now.")
        if recipe["zhiwen"] != self.version:
            notes.append(f"Written by Zhiwen {recipe['zhiwen']}; this is {self.version}.")
        if answer.cached_from:
            notes.append("Reused from an earlier answer.")
        return tuple(notes)


def _temperature(answer: StoredMessage) -> float:
    """That of the request, else the engine's own."""
    asked = answer.recipe["sampling"]["temperature"]
    if asked is not None:
        return float(asked)
    own = "sampling_thinking" if answer.thought else "sampling"
    specs = [spec for spec in answer.recipe["engines"] if spec["name"] == answer.model]
    return float(next((spec[own]["temperature"] or 0.0 for spec in specs), 0.0))
