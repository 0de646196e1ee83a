"""Records a span per call of a chat model, following OpenTelemetry's GenAI conventions.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from app import tracing
from app.llm.chat_model import Delta


def traced(
    deltas: AsyncGenerator[Delta, None], *, model: str, max_tokens: int, temperature: float | None
) -> AsyncGenerator[Delta, None]:
    """Wraps `deltas` in a span if tracing is on; otherwise returns them unchanged."""
    tracer = tracing.tracer()
    if tracer is None:
        return deltas
    return _traced(deltas, tracer, model, max_tokens, temperature)


async def _traced(
    deltas: AsyncGenerator[Delta, None],
    tracer: tracing.Tracer,
    model: str,
    max_tokens: int,
    temperature: float | None,
) -> AsyncGenerator[Delta, None]:
    began = time.perf_counter()
    span = tracer.open(
        f"chat {model}",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",  # the protocol, since the engine software is unknown
            "gen_ai.request.model": model,
            "gen_ai.request.max_tokens": max_tokens,
            "gen_ai.request.stream": True,
            **({} if temperature is None else {"gen_ai.request.temperature": temperature}),
        },
    )
    waiting = True
    try:
        async with aclosing(deltas):
            async for delta in deltas:
                if waiting and (delta.text or delta.thought):
                    waiting = False
                    waited = time.perf_counter() - began
                    span.set({"gen_ai.response.time_to_first_chunk": waited})
                if delta.finish_reason:
                    span.set({"gen_ai.response.finish_reasons": (delta.finish_reason,)})
                if delta.tokens:
                    span.set(
                        {
                            "gen_ai.usage.input_tokens": delta.tokens.prompt,
                            "gen_ai.usage.output_tokens": delta.tokens.completion,
                        }
                    )
                yield delta
    except Exception as error:
        span.end(error)
        raise
    finally:
        span.end()
