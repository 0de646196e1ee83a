"""Metrics and logs of answers and searches."""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.db.tables import StoredMessage
from app.logs import FIELDS
from app.metrics import (
    ANSWER_SECONDS,
    ANSWERS,
    ANSWERS_RUNNING,
    ERRORS,
    FIRST_TOKEN_SECONDS,
    STAGE_SECONDS,
    THOUGHT_TOKENS,
    TOKENS,
)
from app.rag.types import Answer

log = logging.getLogger("app.answers")

_RETRIEVAL = ("embed", "dense", "lexical", "complete", "fuse", "hydrate")
_UNTIL_FIRST_TOKEN = ("retrieve", "prompt", "first_token")
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(slots=True)
class Ending:
    """How an answer ended: stopped, unless an Answer was taken."""

    finish_reason: str = "stopped"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought_tokens: int = 0
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    def take(self, answer: Answer) -> None:
        self.finish_reason = answer.finish_reason
        self.prompt_tokens = answer.tokens.prompt
        self.completion_tokens = answer.tokens.completion
        self.thought_tokens = answer.tokens.thought
        self.timings_ms = answer.timings_ms


@contextmanager
def answering() -> Iterator[Ending]:
    """Wraps one answer and counts it with its tokens, times and error."""
    ending = Ending()
    ANSWERS_RUNNING.inc()
    try:
        yield ending
    except (asyncio.CancelledError, GeneratorExit):
        raise
    except Exception as error:
        ending.finish_reason = "error"
        ERRORS.labels("answer", kind_of(error)).inc()
        raise
    finally:
        ANSWERS_RUNNING.dec()
        _count(ending)


def count_given(message: StoredMessage) -> None:
    """Counts a cached or an approved answer, which has neither tokens nor times."""
    ANSWERS.labels("approved" if message.approved_id else "cached").inc()


def count_stages(timings_ms: Mapping[str, float]) -> None:
    """Records the stage times of one retrieval."""
    for stage in _RETRIEVAL:
        if stage in timings_ms:
            STAGE_SECONDS.labels(stage).observe(timings_ms[stage] / 1000)


def kind_of(error: Exception) -> str:
    """The error's code, or its class in snake case; a bounded set of labels."""
    code = getattr(error, "code", None)
    return (
        code if isinstance(code, str) else _WORD.sub("_", type(error).__name__).lower().strip("_")
    )


@dataclass(frozen=True, slots=True)
class AnswerLog:
    """Logs a line per stored answer, with its texts only if `prompts`."""

    prompts: bool = False

    def __call__(self, message: StoredMessage) -> None:
        fields: dict[str, object] = {
            "answer_id": message.id,
            "conversation_id": message.conversation_id,
            "state": message.state,
            "finish_reason": message.finish_reason,
            "model": message.model,
            "cached_from": message.cached_from,
            "approved_id": message.approved_id,
            "prompt_tokens": message.prompt_tokens,
            "completion_tokens": message.completion_tokens,
            "thought_tokens": message.thought_tokens,
            "timings_ms": message.timings_ms,
        }
        if self.prompts:
            fields |= {
                "prompt": message.prompt,
                "output": message.raw_output,
                "thought": message.thought,
            }
        log.info(
            "answer %s %s: %s, %d + %d tokens, %.0f ms%s",
            message.id,
            message.state,
            message.finish_reason,
            message.prompt_tokens,
            message.completion_tokens,
            message.timings_ms.get("total", 0.0),
            f"\n{message.prompt}\n{message.raw_output}" if self.prompts else "",
            extra={FIELDS: fields},
        )


def _count(ending: Ending) -> None:
    ANSWERS.labels(ending.finish_reason).inc()
    TOKENS.labels("prompt").inc(ending.prompt_tokens)
    TOKENS.labels("completion").inc(ending.completion_tokens)
    THOUGHT_TOKENS.inc(ending.thought_tokens)
    timings = ending.timings_ms
    count_stages(timings)
    if "first_token" in timings:
        FIRST_TOKEN_SECONDS.observe(sum(timings.get(s, 0.0) for s in _UNTIL_FIRST_TOKEN) / 1000)
    if "total" in timings:
        ANSWER_SECONDS.observe(timings["total"] / 1000)
