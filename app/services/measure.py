"""What is counted of answers."""

from app.db.tables import StoredMessage
from app.metrics import ANSWERS, FIRST_TOKEN_SECONDS, STAGE_SECONDS, TOKENS

_RETRIEVAL = ("embed", "dense", "lexical", "fuse", "hydrate")
_UNTIL_FIRST_TOKEN = ("retrieve", "prompt", "first_token")


def count_answer(message: StoredMessage) -> None:
    """Count a finished answer with its tokens and times."""
    timings = message.timings_ms
    ANSWERS.labels(message.finish_reason or "none").inc()
    TOKENS.labels("prompt").inc(message.prompt_tokens)
    TOKENS.labels("completion").inc(message.completion_tokens)
    for stage in _RETRIEVAL:
        if stage in timings:
            STAGE_SECONDS.labels(stage).observe(timings[stage] / 1000)
    if "first_token" in timings:
        waited = sum(timings.get(stage, 0.0) for stage in _UNTIL_FIRST_TOKEN)
        FIRST_TOKEN_SECONDS.observe(waited / 1000)
