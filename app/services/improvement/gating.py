"""Measures an adapter on the engine that will serve it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from app.llm.adapters import BARE, AdapterFiles, Ways
from app.llm.messages import Message
from app.rag.prompting.prompt import STOPS, render_chatml
from app.services.errors import Conflict
from app.services.improvement.adapters import Adapters
from app.services.improvement.datasets import DataSets
from app.services.improvement.serving import Hosted
from app.tuning.dataset import Row
from app.tuning.gate import Answered, Verdict, judge

_LOAD_S = 300.0
_POLL_S = 0.25
_PROOFS = 8  # trained prompts that show whether the adapter is alive

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Gate:
    """`engine` serves the adapter's model; its client is the gate's own."""

    adapters: Adapters
    datasets: DataSets
    engine: Hosted
    max_answer_tokens: int

    async def measure(self, name: str, on_progress: OnProgress = lambda done, of: None) -> Verdict:
        """One question at a time, so that people who ask find a free place on the engine.

        Raises NotFound, Conflict, LlmError, httpx.HTTPError.
        """
        adapter = self.adapters.get(name).adapter
        data = self.datasets.rows(adapter.dataset_name)
        ways = await self._loaded(name)
        # What a rating calls bad is no answer to come near to.
        held_out = [row for row in data.part("held_out") if row.content.get("label", True)]
        answered = []
        for number, row in enumerate(held_out):
            on_progress(number, len(held_out))
            base = await self._write(row.prompt, BARE, ways[BARE])
            tuned = await self._write(row.prompt, name, ways[name])
            answered.append(_answered(row, base, tuned))
        trained = sorted(
            (row.prompt for row in data.part("train")), key=_length
        )  # short: each is read twice
        shifts = [await self._shift(prompt, name, ways) for prompt in trained[:_PROOFS]]
        return judge(answered, shifts)

    async def _loaded(self, name: str) -> Ways:
        """Waits until the engine has it, beside those that are served."""
        served = self.adapters.served(self.engine.base_model).values()
        names = dict.fromkeys((*served, name))
        files = [AdapterFiles(each, self.adapters.path(each)) for each in names]
        try:
            async with asyncio.timeout(_LOAD_S):
                while name not in (ways := await self.engine.host.bring(files)):  # noqa: ASYNC110  # another process
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise Conflict(f"The engine did not load {name}.", code="adapter_damaged") from None
        return ways

    async def _write(
        self, prompt: Sequence[Message], adapter: str, fields: Mapping[str, Any]
    ) -> str:
        model = self.engine.model
        model.answer_with(adapter, fields)
        deltas = model.stream(
            prompt,
            max_tokens=self.max_answer_tokens,
            temperature=0.0,
            stop=STOPS,
            thinking=False,
        )
        async with aclosing(deltas) as stream:
            return "".join([delta.text async for delta in stream])

    async def _shift(self, prompt: Sequence[Message], name: str, ways: Ways) -> float:
        """Half the sum of the differences of all probabilities, 0 to 1."""
        found = []
        for adapter in (BARE, name):
            self.engine.model.answer_with(adapter, ways[adapter])
            found.append(await self.engine.model.first_tokens(prompt))
        base, tuned = found
        tokens = base.keys() | tuned.keys()
        return sum(abs(base.get(t, 0.0) - tuned.get(t, 0.0)) for t in tokens) / 2


def _length(prompt: Sequence[Message]) -> int:
    return sum(len(message.content) for message in prompt)


def _answered(row: Row, base: str, tuned: str) -> Answered:
    read, refuse = render_chatml(row.prompt), row.origin == "refusal"
    base, tuned = base.strip(), tuned.strip()
    return Answered(row.question, read, row.target, base, tuned, refuse, row.document)
