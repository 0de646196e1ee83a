"""Thoughts of the fake engine, as Qwen3 and servers with a reasoning parser stream them.

It thinks unless the template's switch is off: `chat_template_kwargs` in the chat protocol, an empty
thought at the end of the prompt in the other one.
"""

from typing import Any

from app.llm.thinking import CLOSING, EMPTY_THOUGHT, OPENING

THOUGHT = "资料[1]有</source>这一点。\n所以直接回答。"
THINKING_MODES = ("think", "think_apart", "think_opened", "think_only")


def thinks(body: dict[str, Any], mode: str) -> bool:
    """Whether the answer to that request begins with a thought."""
    if mode not in THINKING_MODES:
        return False
    if "prompt" in body:
        return not body["prompt"].endswith(EMPTY_THOUGHT)
    return bool(body.get("chat_template_kwargs", {}).get("enable_thinking", True))


def thought_chunks(body: dict[str, Any], mode: str) -> list[dict[str, Any]]:
    """The thought, one character a chunk; half of it where the limit comes first."""
    told_apart = mode == "think_apart" and "messages" in body
    opening = "" if mode == "think_opened" else f"{OPENING}\n"
    pieces = list(THOUGHT if told_apart else f"{opening}{THOUGHT}\n{CLOSING}\n\n")
    if mode == "think_only":
        pieces = pieces[: len(pieces) // 2]
    return [_chunk(body, piece, apart=told_apart) for piece in pieces]


def _chunk(body: dict[str, Any], piece: str, *, apart: bool) -> dict[str, Any]:
    field = "reasoning_content" if apart else "content"
    content = {"delta": {field: piece}} if "messages" in body else {"text": piece}
    return {"choices": [{"index": 0, **content, "finish_reason": None}]}
