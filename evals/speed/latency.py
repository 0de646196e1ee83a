"""Time to first token and search latency, measured over HTTP."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import httpx
from httpx_sse import connect_sse

from app.db.engine import Database
from app.db.tables import StoredMessage
from app.llm.messages import Message, Role
from app.llm.wire.chunks import DONE, read_chunk
from app.llm.wire.openai_chat import CHATML_STOP
from app.rag.prompting.prompt import render_chatml
from evals.figures import Figure, of_many

FIRST_TOKEN_MS = 30.0
SEARCH_MS = 10.0

_SEARCH_STAGES = ("dense", "lexical", "fuse", "hydrate")
_BEFORE_TOKEN = ("embed", "dense", "lexical", "fuse", "hydrate", "prompt")
_TIMEOUT_S = 600.0


@dataclass(slots=True)
class FirstTokens:
    """Milliseconds from request to first text, in pairs with the same prompt."""

    api_ms: list[float] = field(default_factory=list)
    engine_ms: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    def figures(self, engine: str) -> list[Figure]:
        differences = [a - e for a, e in zip(self.api_ms, self.engine_ms, strict=True)]
        stages = ", ".join(
            f"{stage} {of_many('', ms, 'ms').value:.1f}" for stage, ms in self.stages_ms.items()
        )
        return [
            of_many(f"first token, API before the {engine}", self.api_ms, "ms", detail=stages),
            of_many(f"first token, {engine} alone", self.engine_ms, "ms"),
            of_many("first token, what the API adds", differences, "ms", FIRST_TOKEN_MS),
        ]


def first_tokens(
    api_url: str,
    engine_url: str,
    db: Database,
    base_id: str,
    questions: Sequence[str],
    *,
    model: str,
    max_tokens: int,
    rounds: int,
) -> FirstTokens:
    """Asks API and engine alternately with the same prompt.

    Each question is asked once beforehand, so that the engine has cached the prompt for both; the
    order alternates between pairs. `engine_url` includes `/v1`.
    """
    found = FirstTokens()
    with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as http:
        for number, question in enumerate(questions):
            _, answer_id = _ask(http, api_url, question, base_id)
            prompt = _served_prompt(db, answer_id)
            for turn in range(number, number + rounds):
                body = {"model": model, "prompt": prompt, "max_tokens": max_tokens}
                if turn % 2:
                    found.engine_ms.append(_complete(http, engine_url, body))
                ms, answer_id = _ask(http, api_url, question, base_id)
                found.api_ms.append(ms)
                if not turn % 2:
                    found.engine_ms.append(_complete(http, engine_url, body))
                timings = http.get(f"{api_url}/api/messages/{answer_id}").json()["timings_ms"]
                _keep_stages(found, timings)
    return found


def served_prompts(api_url: str, db: Database, base_id: str, questions: Sequence[str]) -> list[str]:
    """Asks each question once and returns the served prompts, with control tokens."""
    with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as http:
        answers = [_ask(http, api_url, question, base_id)[1] for question in questions]
    return [_served_prompt(db, answer_id) for answer_id in answers]


def search(api_url: str, base_id: str, questions: Sequence[str], passages: int) -> list[Figure]:
    """Search times reported by `POST /api/search`, without embedding of the query."""
    totals: list[float] = []
    stages: dict[str, list[float]] = {stage: [] for stage in ("embed", *_SEARCH_STAGES)}
    total_ms: list[float] = []
    with httpx.Client(base_url=api_url, timeout=_TIMEOUT_S, trust_env=False) as http:
        for question in questions:
            began = time.perf_counter()
            answer = http.post("/api/search", json={"query": question, "base_ids": [base_id]})
            total_ms.append((time.perf_counter() - began) * 1000)
            timings = answer.raise_for_status().json()["timings_ms"]
            totals.append(sum(timings[stage] for stage in _SEARCH_STAGES))
            for stage, values in stages.items():
                values.append(timings[stage])
    split = ", ".join(
        f"{stage} {of_many('', stages[stage], 'ms').value:.2f}" for stage in _SEARCH_STAGES
    )
    name = f"search over {passages} passages, query embedding aside"
    return [
        of_many(name, totals, "ms", SEARCH_MS, split),
        of_many("query embedding", stages["embed"], "ms"),
        of_many("search as a client sees it", total_ms, "ms"),
    ]


def _ask(http: httpx.Client, api_url: str, question: str, base_id: str) -> tuple[float, str]:
    """Milliseconds to the first text, and the answer's id. Waits for the end."""
    body = {"question": question, "base_ids": [base_id], "fresh": True}
    first_ms, answer_id = 0.0, ""
    began = time.perf_counter()
    with connect_sse(http, "POST", f"{api_url}/api/chat", json=body) as source:
        source.response.raise_for_status()
        for event in source.iter_sse():
            if event.event == "delta" and not first_ms:
                first_ms = (time.perf_counter() - began) * 1000
            elif event.event == "start":
                answer_id = json.loads(event.data)["answer_id"]
            elif event.event == "error":
                raise RuntimeError(f"no answer to {question!r}: {event.data}")
    return first_ms, answer_id


def _complete(http: httpx.Client, engine_url: str, body: dict[str, object]) -> float:
    """Milliseconds to the first text of the engine. Waits for the end."""
    first_ms = 0.0
    more = {"temperature": 0, "stream": True, "stop": CHATML_STOP}
    began = time.perf_counter()
    with connect_sse(http, "POST", f"{engine_url}/completions", json={**body, **more}) as source:
        source.response.raise_for_status()
        for event in source.iter_sse():
            if not first_ms and event.data != DONE and read_chunk(event.data).text:
                first_ms = (time.perf_counter() - began) * 1000
    return first_ms


def _served_prompt(db: Database, answer_id: str) -> str:
    with db.read() as session:
        message = session.get(StoredMessage, answer_id)
        if message is None or message.prompt is None:
            raise RuntimeError(f"answer {answer_id} was stored without its prompt")
        turns = [Message(cast(Role, turn["role"]), turn["content"]) for turn in message.prompt]
        return render_chatml(turns)


def _keep_stages(found: FirstTokens, timings: dict[str, float]) -> None:
    for stage in _BEFORE_TOKEN:
        found.stages_ms.setdefault(stage, []).append(timings[stage])
