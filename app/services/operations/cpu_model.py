"""Whether this machine's processors are fast enough for a more able chat model than the smallest.

docs/decisions/2026-11-29-cpu-default.md
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app.llm.chat_model import ChatModel, LlmError
from app.llm.messages import Message
from app.models.cpu_choice import MEASUREMENTS, CpuChoice, change_choice, read_choice
from app.models.errors import ModelError
from app.models.store import ModelStore

log = logging.getLogger(__name__)

_SAID = {
    "more_able_model": "{model} would answer better and begin within about {first_token_s:.0f} s. "
    "Switch ({download_mb:.0f} MB): {command}",
    "more_able_next": "fast enough for {model}, which answers from the next start on",
    "smallest_model": "{model} would begin after about {first_token_s:.0f} s, so the smallest "
    "model answers. Switch anyway ({download_mb:.0f} MB): {command}",
}
_BYTES = 150  # of the text that is read, in hexadecimal digits: about 250 tokens


@dataclass(frozen=True, slots=True)
class Advice:
    """`more_able_model`: it would be fast enough here, and `command` switches to it.
    `more_able_next`: it is here already and answers from the next start on. `smallest_model`: it
    would be too slow."""

    code: Literal["more_able_model", "more_able_next", "smallest_model"]
    model: str
    command: str
    facts: Mapping[str, float]

    @property
    def detail(self) -> str:
        """In English; interfaces in other languages take code and facts."""
        values = {**self.facts, "model": self.model, "command": self.command}
        said = _SAID[self.code].format(**values)
        return f"This machine reads {self.facts['tokens_per_s']:.0f} tokens/s: {said}"


@dataclass(slots=True)
class CpuModel:
    """`prompt_tokens`: of a usual prompt, whose first token is to come within `within_s`."""

    data_dir: Path
    store: ModelStore
    prompt_tokens: int
    within_s: float
    advice: Advice | None = None

    async def measure(self, model: ChatModel) -> None:
        """Measures with the smallest model while it is new here, then gives its advice."""
        if model.name != self.store.registry.defaults.chat[0]:
            return
        choice = await asyncio.to_thread(read_choice, self.data_dir)
        if choice.chosen:  # the smallest, in spite of anything that could be said
            return
        measured: tuple[float, ...] = ()
        if len(choice.tokens_per_s) < MEASUREMENTS:
            try:
                measured = (round(await reading_speed(model), 1),)
            except LlmError as error:
                log.info("the processors could not be measured: %s", error)
                return
        try:
            self.advice = await asyncio.to_thread(self._advise, measured)
        except (ModelError, OSError) as error:
            log.info("no advice on a chat model: %s", error)

    def _advise(self, measured: tuple[float, ...]) -> Advice | None:
        """Remembers what was measured and, where it is here, the better model. None where somebody
        chose one meanwhile. Raises ModelError where none can be had, OSError."""

        def add(found: CpuChoice) -> CpuChoice:
            return replace(found, tokens_per_s=(*found.tokens_per_s, *measured))

        def choose(found: CpuChoice) -> CpuChoice:
            return found if found.chosen else replace(found, chosen=name)

        choice = change_choice(self.data_dir, add)
        if choice.chosen:
            return None
        name = self.store.more_able_chat_model()
        first_token_s = choice.able_first_token_s(self.prompt_tokens)
        facts = {
            "tokens_per_s": max(choice.tokens_per_s),
            "first_token_s": round(first_token_s, 1),
            "download_mb": self.store.registry[name].download_bytes // 1_000_000,
        }
        command = f"zhiwen models use {name}"
        if first_token_s > self.within_s:
            return Advice("smallest_model", name, command, facts)
        if not self.store.has(name):
            return Advice("more_able_model", name, command, facts)
        if change_choice(self.data_dir, choose).chosen != name:
            return None
        return Advice("more_able_next", name, "zhiwen up", facts)


async def reading_speed(model: ChatModel) -> float:
    """Tokens per second at which the model reads a text that no cache holds. Raises LlmError."""
    text = secrets.token_hex(_BYTES)
    began = time.perf_counter()
    async with aclosing(model.stream((Message("user", text),), max_tokens=1)) as deltas:
        async for _ in deltas:
            pass
    return model.count_tokens(text) / (time.perf_counter() - began)
