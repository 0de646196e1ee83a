"""One function per training format: from a curated row to the JSON object its readers expect.

The prompt is copied, never rebuilt, so that training uses exactly what was served.

messages  the form of OpenAI's fine-tuning files, read by TRL's SFTTrainer as it is
sharegpt  LLaMA-Factory, `"formatting": "sharegpt"`; no `columns` needed
alpaca    LLaMA-Factory, `"columns": {"prompt": "instruction", "query": "input",
          "response": "output", "system": "system", "history": "history"}`
dpo, kto  TRL's conversational preference and unpaired preference forms
"""

from collections.abc import Callable, Sequence
from typing import Any

from app.llm.messages import Message
from app.tuning.curate import Example, Labelled, Pair

JsonRow = dict[str, Any]

_SHAREGPT_ROLE = {"system": "system", "user": "human", "assistant": "gpt"}
_END_OF_TURN = "<|im_end|>"


def messages_row(row: Example) -> JsonRow:
    return {"messages": [*_turns(row.prompt), *_reply(row.target)]}


def sharegpt_row(row: Example) -> JsonRow:
    """The system text is the first turn, where LLaMA-Factory expects it."""
    return {
        "conversations": [
            {"from": _SHAREGPT_ROLE[turn["role"]], "value": turn["content"]}
            for turn in (*_turns(row.prompt), *_reply(row.target))
        ]
    }


def alpaca_row(row: Example) -> JsonRow:
    """`input` stays empty, since readers put a newline between it and `instruction`.

    Requires alternating turns, as ensured by `curate_examples(alternating=True)`.
    """
    has_system = row.prompt[0].role == "system"
    *earlier, question = [m.content for m in row.prompt[has_system:]]
    return {
        "instruction": question,
        "input": "",
        "output": row.target,
        "system": row.prompt[0].content if has_system else "",
        "history": [earlier[i : i + 2] for i in range(0, len(earlier), 2)],
    }


def dpo_row(row: Pair) -> JsonRow:
    return {
        "prompt": _turns(row.prompt),
        "chosen": _reply(row.chosen),
        "rejected": _reply(row.rejected),
    }


def kto_row(row: Labelled) -> JsonRow:
    return {
        "prompt": _turns(row.prompt),
        "completion": _reply(row.completion),
        "label": row.label,
    }


def to_chatml_text(
    row: JsonRow, render: Callable[[Sequence[Message]], str], *, thought: str = ""
) -> JsonRow:
    """A messages, dpo or kto row as text, for trainers that do not apply a template.

    render: ends where the answer begins, such as `render_chatml`. `thought` stands behind it:
    `app.llm.thinking.EMPTY_THOUGHT` for a model that can be told not to think, since that is how it
    is served then, and rows hold no thoughts. Targets end with the end-of-turn token and nothing
    after it, so that TRL does not add another.
    """
    if "messages" in row:
        row = {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]}
    prompt = render([Message(m["role"], m["content"]) for m in row["prompt"]])
    replies: JsonRow = {
        name: row[name][0]["content"] + _END_OF_TURN
        for name in ("completion", "chosen", "rejected")
        if name in row
    }
    label = {"label": row["label"]} if "label" in row else {}
    return {"prompt": prompt + thought, **replies, **label}


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in messages]


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]
