"""Bots that answer in messengers.

A messenger waits a few seconds for a response and delivers again what got none. So a message is
acknowledged at once, answered in a task of its own, and known again by its id.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from app.db.errors import DatabaseBusy, StorageError
from app.llm.charge import CHARGE
from app.llm.chat_model import EngineBusy
from app.llm.messages import Message
from app.llm.request_queue import ASKER
from app.rag import errors as rag_errors
from app.rag.events import Question
from app.rag.language import Language, language_of
from app.rag.types import Answer
from app.services.answers.direct import Direct
from app.services.channels.messenger import (
    Delivery,
    Forged,
    Handshake,
    Incoming,
    Messenger,
    NotSent,
    as_words,
)
from app.services.channels.seen import Seen
from app.services.errors import Busy, DailyLimit, Forbidden, NotFound, QuestionTooLong
from app.services.people.access import Access
from app.services.people.authentication import Authentication, Credentials
from app.services.people.usage import Usage

log = logging.getLogger(__name__)

_MAX_RUNNING = 64  # answers at a time; what is beyond gets none
_MAX_PARTS = 5  # of an answer
_WORDS_CHARS = 120  # of a source
_TRIES, _TRY_AGAIN_S = 3, 1.0  # of the database

_SAID: Mapping[str, Mapping[Language, str]] = {
    "limit": {
        "zh": "今天的提问次数已用完，请明天再来。",
        "en": "The limit for today is used up. Please come back tomorrow.",
    },
    "busy": {
        "zh": "提问的人太多，请稍后再试。",
        "en": "Too many people are asking. Please try again in a moment.",
    },
    "long": {
        "zh": "问题太长，请缩短后再试。",
        "en": "The question is too long. Please shorten it.",
    },
    "failed": {"zh": "出错了，请稍后再试。", "en": "That did not work. Please try again later."},
    "sources": {"zh": "出处：", "en": "Sources:"},
}


@dataclass(frozen=True, slots=True)
class Bot:
    """`key`: of Zhiwen, whose person, bases and limits are the bot's; `bases` narrow them."""

    name: str
    messenger: Messenger
    key: str = field(repr=False)
    bases: Sequence[str] = ()


@dataclass(slots=True, eq=False)
class Bots:
    """For a single event loop."""

    bots: Mapping[str, Bot]
    authentication: Authentication
    usage: Usage
    direct: Direct
    seen: Seen
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def receive(self, name: str, delivery: Delivery) -> Handshake | None:
        """Takes what a messenger delivers to a bot, and has it answered in a task.

        Raises NotFound, and Forbidden for what is not the messenger's.
        """
        bot = self.bots.get(name)
        if bot is None:
            raise NotFound("bot", name)
        try:
            found = bot.messenger.read(delivery)
        except Forged as error:
            log.warning("bot %s refused a request: %s", name, error)
            raise Forbidden("This is not from the messenger.", code="bad_signature") from None
        if not isinstance(found, Incoming):
            return found
        if not found.text.strip():
            return None
        if self.running >= _MAX_RUNNING:
            log.warning("bot %s left a message unanswered: %s are running", name, _MAX_RUNNING)
            return None
        task = asyncio.create_task(self._answer(bot, found))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return None

    @property
    def running(self) -> int:
        """Messages that are being answered."""
        return len(self._running)

    async def close(self) -> None:
        """Stops what is being answered."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _answer(self, bot: Bot, asked: Incoming) -> None:
        try:
            text = as_words(await self._text(bot, asked))
            for each in in_parts(text, bot.messenger.max_bytes):
                await asyncio.to_thread(bot.messenger.reply, asked.reply_to, each)
        except NotSent as error:
            log.warning("bot %s could not send an answer: %s", bot.name, error)
        except Exception:
            log.exception("bot %s left a message unanswered", bot.name)

    async def _text(self, bot: Bot, asked: Incoming) -> str:
        """What is replied: nothing where the message was delivered before."""
        words = asked.text.strip()
        language = language_of(words)
        try:
            if not await _first_time(self.seen, bot.name, asked.ids):
                return ""
            access, question = await asyncio.to_thread(self._question, bot, words)
            ASKER.set(access.person_id)
            CHARGE.set(partial(self.usage.add_tokens, access))
            async with aclosing(self.direct.stream(question)) as events:
                async for event in events:
                    if isinstance(event, Answer):
                        return with_sources(event, language)
        except DailyLimit:
            return _SAID["limit"][language]
        except (Busy, EngineBusy, DatabaseBusy) as error:
            log.warning("bot %s could not answer: %s", bot.name, error)
            return _SAID["busy"][language]
        except (QuestionTooLong, rag_errors.QuestionTooLong):
            return _SAID["long"][language]
        except Exception:
            log.exception("bot %s could not answer", bot.name)
        return _SAID["failed"][language]

    def _question(self, bot: Bot, asked: str) -> tuple[Access, Question]:
        access = self.authentication.access(Credentials(bearer=bot.key))
        access.require("ask")
        self.usage.admit(access)
        bases = self.direct.bases_named(access, bot.bases)
        return access, self.direct.about(access, bases, [Message("user", asked)])


# The message was acknowledged, so the messenger delivers it no more.
@retry(
    retry=retry_if_exception_type(StorageError),
    stop=stop_after_attempt(_TRIES),
    wait=wait_fixed(_TRY_AGAIN_S),
    reraise=True,
)
async def _first_time(seen: Seen, bot: str, ids: Sequence[str]) -> bool:
    return await asyncio.to_thread(seen.first_time, bot, ids)


def with_sources(answer: Answer, language: Language) -> str:
    """The answer, and below it its sources by number, with page and words."""
    lines: dict[int, str] = {}
    for cited in answer.citations:
        page = f"（第 {cited.page} 页）" if language == "zh" else f" (p. {cited.page})"
        words = " ".join(cited.text.split())
        words = words if len(words) <= _WORDS_CHARS else words[: _WORDS_CHARS - 1] + "…"
        place = f"[{cited.marker}] {cited.document_name}{page if cited.page else ''}"
        lines.setdefault(
            cited.marker, f"{place}：{words}" if language == "zh" else f"{place}: {words}"
        )
    if not lines:
        return answer.text
    sources = "\n".join(lines[marker] for marker in sorted(lines))
    return f"{answer.text}\n\n{_SAID['sources'][language]}\n{sources}"


def in_parts(text: str, max_bytes: int) -> list[str]:
    """The text in messages of at most `max_bytes`, cut at lines where it has some; what exceeds
    the last one is left out, with an ellipsis."""
    parts: list[str] = []
    while text and len(parts) < _MAX_PARTS:
        head = text.encode()[:max_bytes].decode("utf-8", "ignore")
        line = head.rfind("\n") + 1
        if len(head) < len(text) and line > len(head) // 2:
            head = head[:line]
        parts.append(head.rstrip("\n"))
        text = text[len(head) :]
    if text:
        parts[-1] = parts[-1].encode()[: max_bytes - 3].decode("utf-8", "ignore") + "…"
    return parts
