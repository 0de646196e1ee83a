"""Makes questions from sections, and keeps those that hold.

The served model writes a question and its answer to a section. It is kept if the question is clear
without the section and the answer says more than it, if search finds the section among the first
sources that the question would be answered from, and if the section states all of the answer
(round-trip consistency: Alberti et al., "Synthetic QA Corpora Generation with Roundtrip
Consistency", ACL 2019). The prompt is the one that would be served, with the other sources that
came along.

Documents that are held out are left out: nothing synthetic is measured by, or learnt from what is.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

import anyio.to_thread
from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import StoredChunk, StoredDocument, SyntheticQuestion
from app.llm.chat_model import ChatModel
from app.llm.messages import Message
from app.prompts.prompt_file import PromptFile
from app.rag.answer import AnswerLine
from app.rag.events import Question, Sources
from app.rag.grounding.check import Checker
from app.rag.language import language_of
from app.rag.prompting.prompt import Prompt, neutralise
from app.rag.types import Passage, Scope
from app.services.answers.stored_prompt import stored_messages
from app.tuning.dataset import split_of

Left = Literal["no_question", "not_clear", "says_nothing", "not_found", "not_stated", "known"]
LEFT_OUT: Mapping[Left, str] = {
    "no_question": "the model wrote no question with an answer",
    "not_clear": "the question is not clear by itself",
    "says_nothing": "the answer says no more than the question",
    "not_found": "search does not find the section by the question",
    "not_stated": "the section does not state all of the answer",
    "known": "the question was made before",
}
OnProgress = Callable[[int, int], None]

_SECTION = range(60, 2000)  # characters
_QUESTION = range(5, 120)
_MAX_TOKENS = 200
_AMONG = 3  # of the sources: a question that fits others better is not about the section
_WRITTEN = re.compile(
    r"(?:问题|Question)\s*[:：]\s*(?P<question>.+?)\s*\n+\s*(?:答案|Answer)\s*[:：]\s*(?P<answer>.+)",
    re.DOTALL | re.IGNORECASE,
)
# A question that points at the section instead of naming what it is about.
_POINTS = re.compile(
    r"本文|文中|上文|上述|这段|该段|此段|这份|该文|文件中|资料中"
    r"|\b(?:this|the) (?:section|text|passage|document|paragraph)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:[几哪谁何怎吗么]|多[少久长大高]|是否).*[?？]$"
    r"|\b(?:what|who|whom|whose|which|when|where|how|why|is|are|do|does|can|may|must)\b.*\?$",
    re.IGNORECASE,
)
_PIECES = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_STOPS = "。.!！"


@dataclass(slots=True)
class Made:
    """`left_out`: by reason, how many sections gave no question."""

    kept: list[SyntheticQuestion] = field(default_factory=list)
    left_out: Counter[Left] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Making:
    """`model` writes questions as `prompt` says; `line` finds what they are answered from."""

    db: Database
    line: AnswerLine
    model: ChatModel
    checker: Checker
    prompt: PromptFile

    async def make(self, base_id: str, count: int, on_progress: OnProgress) -> Made:
        """Questions to at most `count` more sections, stored. Raises LlmError, IngestError."""
        made = Made()
        sections = await anyio.to_thread.run_sync(self._sections, base_id, count)
        known = await anyio.to_thread.run_sync(self._known, base_id)
        for number, section in enumerate(sections):
            on_progress(number, len(sections))
            found = await self._make(section, known)
            if isinstance(found, SyntheticQuestion):
                known.add(found.question)
                await anyio.to_thread.run_sync(self._store, found)
                made.kept.append(found)
            else:
                made.left_out[found] += 1
        return made

    async def _make(self, section: Passage, known: set[str]) -> SyntheticQuestion | Left:
        written = _WRITTEN.search(await self._write(section))
        if written is None:
            return "no_question"
        question, answer = written["question"].strip(), " ".join(written["answer"].split())
        if fault := _fault(question, answer):
            return fault
        if question in known:
            return "known"
        checks = await anyio.to_thread.run_sync(self.checker.check, question, answer, [section])
        stated = [check.verdict for check in checks if check.verdict != "no_statement"]
        if not stated or any(verdict != "supported" for verdict in stated):
            return "not_stated"
        prompt = await self._asked(question, section.base_id)
        place = _place(section, prompt.passages) if prompt is not None else None
        if prompt is None or place is None:
            return "not_found"
        stop = answer[-1] if answer[-1] in _STOPS else ""
        return SyntheticQuestion(
            base_id=section.base_id,
            document_id=section.document_id,
            chunk_id=section.chunk_id,
            document_name=section.document_name,
            question=question,
            answer=f"{answer.removesuffix(stop)}[{place}]{stop}",
            prompt=stored_messages(_without_opening(prompt.messages)),
            style=self.line.style_of(self.model.name).name,
            model=self.model.name,
        )

    async def _write(self, section: Passage) -> str:
        language = language_of(section.text)
        headings = " › ".join(("", *section.headings)) if section.headings else ""
        said = self.prompt.say(
            "text",
            language,
            name=neutralise(section.document_name),
            headings=neutralise(headings),
            text=neutralise(section.text),
        )
        asked = (*self.prompt.head(language), Message("user", said))
        deltas = self.model.stream(asked, max_tokens=_MAX_TOKENS, temperature=0.0, thinking=False)
        async with aclosing(deltas) as stream:
            return "".join([delta.text async for delta in stream])

    async def _asked(self, question: str, base_id: str) -> Prompt | None:
        """What the model would be asked; None where nothing would be found. It is not asked."""
        events = self.line.stream(Question(question, Scope((base_id,)), model=self.model.name))
        async with aclosing(events) as stream:
            async for event in stream:
                if isinstance(event, Sources):
                    return event.prompt
        return None

    def _sections(self, base_id: str, count: int) -> list[Passage]:
        """Sections of documents to train on that have no question yet: some of each document, by a
        hash, so that the next call goes on with others."""
        with self.db.read() as session:
            asked = set(
                session.exec(
                    select(SyntheticQuestion.chunk_id).where(SyntheticQuestion.base_id == base_id)
                )
            )
            documents = {
                id_: name
                for id_, name in session.exec(
                    select(StoredDocument.id, StoredDocument.name).where(
                        StoredDocument.base_id == base_id, StoredDocument.state == "ready"
                    )
                )
                if split_of(name) == "train"
            }
            chunks = session.exec(
                select(StoredChunk).where(col(StoredChunk.document_id).in_(documents))
            )
            found = [
                chunk
                for chunk in chunks
                if chunk.id not in asked and len(chunk.text.strip()) in _SECTION
            ]
        found.sort(key=lambda chunk: sha256(chunk.text.encode()).digest())
        turns: Counter[str] = Counter()
        in_turn = []
        for chunk in found:
            turns[chunk.document_id] += 1
            in_turn.append((turns[chunk.document_id], chunk))
        in_turn.sort(key=lambda pair: pair[0])
        return [_passage(chunk, documents[chunk.document_id]) for _, chunk in in_turn[:count]]

    def _known(self, base_id: str) -> set[str]:
        with self.db.read() as session:
            wanted = select(SyntheticQuestion.question).where(SyntheticQuestion.base_id == base_id)
            return set(session.exec(wanted))

    def _store(self, question: SyntheticQuestion) -> None:
        with self.db.write() as session:
            if session.get(StoredDocument, question.document_id) is not None:
                session.add(question)


def _fault(question: str, answer: str) -> Left | None:
    """What is wrong with the two by themselves."""
    asks = _ASKS.search(question) is not None and _POINTS.search(question) is None
    if len(question) not in _QUESTION or not asks:
        return "not_clear"
    return None if _pieces(answer) - _pieces(question) else "says_nothing"


def _pieces(text: str) -> set[str]:
    return set(_PIECES.findall(text.casefold()))


def _without_opening(messages: Sequence[Message]) -> Sequence[Message]:
    """A beginning of the answer that is given to the model is no part of what people wrote."""
    return messages[:-1] if messages[-1].role == "assistant" else messages


def _place(section: Passage, passages: Sequence[Passage]) -> int | None:
    """The number of the source that holds the section, from 1, if it is among the best ones."""
    for number, passage in enumerate(passages[:_AMONG], start=1):
        if section.chunk_id in {passage.chunk_id, *(part.chunk_id for part in passage.parts)}:
            return number
    return None


def _passage(chunk: StoredChunk, name: str) -> Passage:
    return Passage(
        chunk_id=chunk.id or 0,
        document_id=chunk.document_id,
        document_name=name,
        base_id=chunk.base_id,
        ordinal=chunk.ordinal,
        text=chunk.text,
        start=chunk.start,
        end=chunk.end,
        headings=tuple(chunk.headings),
    )
