"""Tool calls of the fake engine.

The question lists them: for `search_knowledge {"query": "x"} | calculator {"expression": "1"}` it
calls the first, then the second, then answers. With the prefix `forever` it repeats the last call
while tools are offered.
"""

from typing import Any


def tool_call_chunks(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Chunks of the next call, its arguments split in two; empty if there is none."""
    messages = body["messages"]
    question = next(m["content"] for m in reversed(messages) if m["role"] == "user")
    wanted = [step.strip() for step in question.removeprefix("forever").split("|")]
    made = sum(len(m.get("tool_calls", ())) for m in messages)
    if not body.get("tools") or (made >= len(wanted) and not question.startswith("forever")):
        return []
    name, _, arguments = wanted[min(made, len(wanted) - 1)].partition(" ")
    half = len(arguments) // 2
    call = {"index": 0, "id": f"call-{made}", "type": "function"}
    return [
        _piece({**call, "function": {"name": name, "arguments": arguments[:half]}}),
        _piece({"index": 0, "function": {"arguments": arguments[half:]}}),
        _end("tool_calls"),
    ]


def tool_results(messages: list[dict[str, Any]]) -> str:
    """All tool results so far."""
    return "\n".join(m["content"] for m in messages if m["role"] == "tool")


def _piece(call: dict[str, Any]) -> dict[str, Any]:
    delta = {"content": None, "tool_calls": [call]}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def _end(reason: str) -> dict[str, Any]:
    choice = {"index": 0, "delta": {}, "finish_reason": reason}
    return {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}
