"""The request for an answer in either protocol: prompt, sampling, thinking, limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.llm.messages import Message
from app.llm.sampling import Sampling, Thinking
from app.llm.thinking import EMPTY_THOUGHT, OPENING, AnswerParts
from app.llm.wire.tool_calls import as_turn

CHATML_STOP = ("<|im_end|>", "<|endoftext|>")

_TURN_TOKENS = 8  # what a template puts around a message, at most


class Render(Protocol):
    """Renders ChatML; `thought` begins the assistant's turn."""

    def __call__(self, messages: Sequence[Message], *, thought: str = "") -> str: ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is asked; without `render` the server renders the prompt."""

    context_tokens: int
    count_tokens: Callable[[str], int]
    render: Render | None
    thinking: Thinking
    sampling: Sampling
    sampling_thinking: Sampling

    def request(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float | None,
        stop: Sequence[str],
        tools: Sequence[Mapping[str, Any]],
        thinking: bool | None,
    ) -> tuple[str, dict[str, Any]]:
        """Path, and the body but for the model's name."""
        on = self.thinking.is_on(thinking)
        stop = () if on else stop  # an engine would stop where they occur in the thought
        sampling = self.sampling_thinking if on else self.sampling
        common = {
            **sampling.with_temperature(temperature),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        begun = messages[-1].role == "assistant"
        # Servers differ in how they continue a partial answer, and a thought comes before it.
        if begun and (on or self.render is None):
            messages = messages[:-1]
        if self.render is None:
            size = sum(self.count_tokens(m.content) + _TURN_TOKENS for m in messages)
            body = {"messages": [as_turn(message) for message in messages], "stop": list(stop)}
            if tools:
                body["tools"] = list(tools)
            if self.thinking.switch == "template":
                body["chat_template_kwargs"] = {self.thinking.argument: on}
            path = "/chat/completions"
        else:
            prompt = self.render(messages, thought=self._thought(on))
            size = self.count_tokens(prompt)
            body = {"prompt": prompt, "stop": [*CHATML_STOP, *stop]}
            path = "/completions"
        room = self.context_tokens - size - max_tokens
        extra = max(0, min(self.thinking.max_tokens, room)) if on else 0
        return path, {**common, "max_tokens": max_tokens + extra, **body}

    def parts(self, stop: Sequence[str], thinking: bool | None) -> AnswerParts:
        """What takes the answer to that request apart."""
        on = self.thinking.is_on(thinking)
        return AnswerParts(
            inside=on and self.thinking.opened,
            closes_alone=self.thinking.switch != "no",
            stops=stop if on else (),
        )

    def _thought(self, on: bool) -> str:
        if self.thinking.switch == "template" and not on:
            return EMPTY_THOUGHT
        return f"{OPENING}\n" if on and self.thinking.opened else ""
