"""The likeliest first tokens of an answer, as three dialects of OpenAI's protocol tell them.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-logprobs (chat, and
llama.cpp's completions), https://platform.openai.com/docs/api-reference/completions (vLLM's).
"""

import math
from collections.abc import Mapping
from typing import Any

from app.llm.wire.chunks import MalformedChunk

_TOP = 20  # as many as OpenAI's protocol allows; vLLM's default limit is 20, too


def asking_for_first(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a request for an answer, made one for the probabilities of its first token."""
    asked = {key: value for key, value in body.items() if key not in ("stream_options", "stop")}
    wanted = {"logprobs": True, "top_logprobs": _TOP} if "messages" in body else {"logprobs": _TOP}
    return {**asked, **wanted, "max_tokens": 1, "stream": False, "temperature": 0}


def read_first_tokens(document: Mapping[str, Any]) -> dict[str, float]:
    """Probabilities by token. Raises MalformedChunk."""
    try:
        choice = document["choices"][0]
        told = choice.get("logprobs") or {}
        if content := told.get("content"):
            top = [(each["token"], each["logprob"]) for each in content[0]["top_logprobs"]]
        elif legacy := told.get("top_logprobs"):
            top = list(legacy[0].items())
        else:
            text = choice["message"]["content"] if "message" in choice else choice["text"]
            return {text: 1.0} if text else {}
        return {token: math.exp(logprob) for token, logprob in top}
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise MalformedChunk(f"no first token: {error!r}") from error
