"""The span of a call to a chat model, in OpenTelemetry's conventions for generative models.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from app import tracing
from app.llm.chat_model import Delta


def traced(
    deltas: AsyncGenerator[Delta, None], *, model: str, max_tokens: int, temperature: float
) -> AsyncGenerator[Delta, None]:
    """`deltas` with a span around them where spans are recorded, else `deltas` themselves."""
    tracer = tracing.tracer()
    if tracer is None:
        return deltas
    return _traced(deltas, tracer, model, max_tokens, temperature)


async def _traced(
    deltas: AsyncGenerator[Delta, None],
    tracer: tracing.Tracer,
    model: str,
    max_tokens: int,
    temperature: float,
) -> AsyncGenerator[Delta, None]:
    began = time.perf_counter()
    span = tracer.open(
        f"chat {model}",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",  # of the protocol: the engine itself is not known
            "gen_ai.request.model": model,
            "gen_ai.request.max_tokens": max_tokens,
            "gen_ai.request.temperature": temperature,
            "gen_ai.request.stream": True,
        },
    )
    waiting = True
    try:
        async with aclosing(deltas):
            async for delta in deltas:
                if waiting and delta.text:
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
