"""The fake engine's answer to a request for the first token: yes where there are sources."""

import math
from collections.abc import Mapping
from typing import Any

_SURE = 0.9


def first_token_document(body: Mapping[str, Any], *, yes: bool) -> dict[str, Any]:
    """A document with log probabilities: llama.cpp's and the chat protocol's form, or, where the
    model's name ends with `legacy`, vLLM's in completions."""
    shares = {"yes": _SURE if yes else 1 - _SURE, "no": 1 - _SURE if yes else _SURE}
    top = {token: math.log(share) for token, share in shares.items()}
    likeliest = max(top, key=lambda token: top[token])
    said = {"message": {"content": likeliest}} if "messages" in body else {"text": likeliest}
    if body["model"].endswith("legacy"):
        told: dict[str, Any] = {"tokens": [likeliest], "top_logprobs": [top]}
    else:
        listed = [{"token": token, "logprob": value} for token, value in top.items()]
        told = {"content": [{"token": likeliest, "top_logprobs": listed}]}
    return {"choices": [{"index": 0, **said, "logprobs": told, "finish_reason": "length"}]}
