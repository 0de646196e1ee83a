"""Shadow answers: the challenger answers what was answered already, and nobody sees it.

It does so after the answer and only while the engine has nothing else to do: people who ask come
first, and one that is interrupted is dropped. At most `_WAITING` wait; older ones are dropped too.
The sources are those of the answer that was shown. The text is judged and not kept.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio.to_thread
from sqlmodel import select

from app.db.engine import Database
from app.db.errors import DatabaseBusy, StorageFull
from app.db.tables import ShadowAnswer, StoredMessage
from app.llm.adapters import IN_SHADOW
from app.llm.chat_model import LlmError
from app.llm.gateway import Engine, Gateway
from app.rag.extractive.reader import ExtractiveReader
from app.rag.grounding.check import Checker
from app.rag.prompting.prompt import STOPS
from app.rag.prompting.styles import Style
from app.services.answers.stored_prompt import chunks_behind, passage_from, served_messages
from app.services.improvement.adapters import Trial
from app.tuning.refusals import is_refusal

log = logging.getLogger(__name__)

_WAITING = 20
_IDLE_POLL_S = 0.5


@dataclass(slots=True)
class Shadow:
    """`trials`: of each engine, the challenger that it has."""

    db: Database
    gateway: Gateway
    trials: Mapping[str, Trial]
    style_of: Callable[[str], Style]
    checker: Checker
    max_tokens: int
    _waiting: deque[tuple[StoredMessage, str]] = field(
        default_factory=lambda: deque(maxlen=_WAITING)
    )
    _offered: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, message: StoredMessage) -> None:
        """An answer that was given; nothing happens unless its engine has a challenger in the
        shadow. Called by the event loop."""
        trial = self.trials.get(message.model or "")
        if trial is None or not trial.shadow or not _repeatable(message):
            return
        self._waiting.append((message, trial.name))
        self._offered.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._offered.wait()
            self._offered.clear()
            while self._waiting:
                try:
                    await self.next()
                except Exception:  # the next one may do; nobody sees this one anyway
                    log.exception("a shadow answer failed")

    async def next(self) -> None:
        """Answer the next one, once the engine is idle."""
        message, adapter = self._waiting.popleft()
        engine = self.gateway.engines.get(message.model or "")
        if engine is None:
            return
        while not _idle(engine):  # noqa: ASYNC110  # of other requests, seldom long
            await asyncio.sleep(_IDLE_POLL_S)
        trial = self.trials.get(message.model or "")
        if trial is None or trial.name != adapter or not trial.shadow:  # ended meanwhile
            return
        try:
            # In a task of its own, which alone is in the shadow.
            text = await asyncio.create_task(self._write(engine, message, adapter))
            if text is not None:
                await anyio.to_thread.run_sync(self._keep, message, adapter, text)
        except (LlmError, DatabaseBusy, StorageFull) as error:
            log.info("no shadow answer to %s: %s", message.id, error)

    async def _write(self, engine: Engine, message: StoredMessage, adapter: str) -> str | None:
        """None where somebody asked meanwhile, or another adapter wrote."""
        IN_SHADOW.set(True)
        deltas = engine.model.stream(
            served_messages(message.prompt),
            max_tokens=self.max_tokens,
            temperature=message.recipe.get("sampling", {}).get("temperature"),
            stop=STOPS,
            thinking=message.recipe.get("sampling", {}).get("thinking"),
        )
        text, by = "", None
        async with aclosing(deltas) as stream:
            async for delta in stream:
                by = delta.adapter if by is None else by
                text = (text if not delta.text_was_thought else "") + delta.text
                if by != adapter or not _idle(engine):
                    return None
        return text

    def _keep(self, message: StoredMessage, adapter: str, raw: str) -> None:
        passages, text = [passage_from(stored) for stored in message.passages], raw
        question = message.rewritten or self._question(message)
        if self.style_of(message.model or "").quotes:
            reader = ExtractiveReader(passages, question, chunks_behind(self.db, passages))
            text = reader.feed(raw) + reader.finish(tuned=True)
        checks = self.checker.check(question, text, passages)
        more = any(check.verdict in ("unsupported", "contradicted") for check in checks)
        answer = ShadowAnswer(
            message_id=message.id,
            adapter_name=adapter,
            refused=is_refusal(text),
            unsupported=more,
        )
        with self.db.write() as session:
            if session.get(StoredMessage, message.id) is not None:  # not deleted meanwhile
                session.merge(answer)

    def _question(self, message: StoredMessage) -> str:
        """Empty where it was deleted meanwhile."""
        with self.db.read() as session:
            asked = select(StoredMessage.content).where(StoredMessage.id == message.parent_id)
            return session.exec(asked).first() or ""


def _idle(engine: Engine) -> bool:
    return not engine.queue.running and not engine.queue.waiting


def _repeatable(message: StoredMessage) -> bool:
    """Whether one prompt was answered by the model, from sources."""
    return (
        message.task == "qa"
        and message.state == "complete"
        and bool(message.prompt and message.passages)
        and not (message.cached_from or message.approved_id)
        and all(turn["role"] != "tool" for turn in message.prompt)
    )
