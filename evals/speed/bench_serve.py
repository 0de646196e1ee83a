"""Load test of the API: `python -m evals.speed.bench_serve`. Writes the results to `build`.

By default it uses a fake engine that counts `0 1 2 …`, a token every --delay-ms, so that lost or
reordered tokens are detected; instead of 0 it sends a timestamp. API and engine alone get the same
load alternately in one run. Every question to the API is retrieved from a small base and answered
on `/v1`.

The time to first token includes the work before the engine is called (retrieval and embedding of
the question) and the relaying of the token. Both are measured; the target is for relaying.

With --engine URL it measures a real engine: tokens per second through the API and of the engine
alone, for the same prompts.
"""

import asyncio
import re
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.config import Settings
from app.db.engine import Database
from app.llm.scripted import ScriptedChatModel
from app.llm.wire.openai_chat import CHATML_STOP
from app.wiring.application import build
from app.wiring.models import model_store
from evals.figures import Figure, table, write
from evals.local import add_documents
from evals.models import obtain_models
from evals.speed import latency
from evals.speed.load import Stream, closed_loop, quantile
from evals.speed.processes import free_ports, memory_mib, processor_s, running
from evals.speed.synthetic import generate

REPORT = Path("build/bench_serve.json")
FIRST_TOKEN_MS, FIRST_TOKEN_P99_MS = 15.0, 50.0
TOKENS = 64
PASSAGES, QUESTIONS = 200, 50

_MARKER = re.compile(r"\[\d{1,2}\]")
_BASE = "bench"
_ROUNDS = 4  # requests per stream, of which the first is not counted
_REAL_QUESTIONS = 6


def main(
    streams: Annotated[int, typer.Option(help="Concurrent streams for the first token.")] = 50,
    many: Annotated[int, typer.Option(help="Concurrent streams for lost tokens.")] = 200,
    requests: Annotated[int, typer.Option(help="Requests for the memory test; 0 = skip.")] = 1000,
    delay_ms: Annotated[
        float, typer.Option(help="Delay of the fake engine before each token.")
    ] = 100,
    quick: Annotated[bool, typer.Option(help="Embed without a model.")] = False,
    engine: Annotated[str, typer.Option(help="URL of a real engine, with /v1.")] = "",
    model: Annotated[str, typer.Option(help="Model of the real engine.")] = "",
    report: Annotated[Path, typer.Option(help="File to write.")] = REPORT,
) -> None:
    """Compare the API with the engine alone."""
    given = Settings()
    obtain_models(given)
    store = model_store(given)
    api_port, engine_port = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="zhiwen-serve-") as folder:
        changes: dict[str, Any] = {
            "data_dir": folder,
            "models_dir": given.models_path.absolute(),
            "embedder": "hashing" if quick else given.embedder or store.default_embedder(),
            "engine_url": engine or f"http://127.0.0.1:{engine_port}/v1",
            "chat_model": model or "fake:clock",
            "tokenizer": given.tokenizer or store.default_chat_model(),
            "max_answer_tokens": TOKENS,
            "max_prompt_tokens": 650,  # fixed, so that both sides get the same prompts
            "api_port": api_port,
            "sample_base": False,
            "abstain": False,
            "log_level": "warning",
        }
        bench = _Bench(Settings(**changes))
        bench.fill()
        api = running(("app.api",), f"{bench.api_url}/readyz", changes)
        if engine:
            with api:
                figures = bench.real()
        else:
            fake = (
                "app.llm.servers.fake_engine",
                "--port",
                str(engine_port),
                "--delay-ms",
                str(delay_ms),
            )
            ramp_s = TOKENS * delay_ms / 1000
            with running(fake, f"{bench.engine_url}/models", {}), api as process:
                figures = bench.first_token(streams, ramp_s, process.pid)
                figures += bench.lost_tokens(many, ramp_s)
                figures += bench.memory(requests, many, process.pid) if requests else []
    Console().print(table(figures))
    write(figures, report)


class _Bench:
    """One API with a small base, and the engine behind it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._corpus = generate(PASSAGES, QUESTIONS)
        self._base_id = ""
        self.api_url, self.engine_url = settings.api_base_url, settings.engine_base_url

    def fill(self) -> None:
        zhiwen = build(self._settings, model=ScriptedChatModel())
        zhiwen.prepare()
        self._base_id, _ = add_documents(zhiwen, _BASE, self._corpus.files)
        zhiwen.db.dispose()

    def first_token(self, streams: int, ramp_s: float, api_pid: int) -> list[Figure]:
        """Overhead of the API on the first token, and its CPU time per question."""
        requests = streams * _ROUNDS
        self._ask(streams, streams, ramp_s)  # to warm up
        before_s = processor_s(api_pid)
        through = _settled(self._ask(streams, requests, ramp_s), streams)
        cpu_ms = (processor_s(api_pid) - before_s) * 1000 / requests
        alone = _settled(self._complete(streams, requests, ramp_s), streams)
        load = f"at {streams} streams"
        figures = []
        for name, share, target in (
            ("median", 0.5, FIRST_TOKEN_MS),
            ("p99", 0.99, FIRST_TOKEN_P99_MS),
        ):
            relayed, directly = (
                quantile([_since_written_ms(s) for s in found], share) for found in (through, alone)
            )
            detail = f"API {relayed:.1f}, engine alone {directly:.1f}, n = {len(through)}"
            title = f"first token after the engine's own {load}, {name}"
            figures.append(Figure(title, relayed - directly, "ms", target, detail))
        for name, share in (("median", 0.5), ("p99", 0.99)):
            api_ms, engine_ms = (
                quantile([stream.first_ms for stream in found], share) for found in (through, alone)
            )
            detail = f"API {api_ms:.1f}, engine alone {engine_ms:.1f}"
            title = f"question to first token, retrieval included, over the engine's {load}, {name}"
            figures.append(Figure(title, api_ms - engine_ms, "ms", None, detail))
        detail = f"retrieval and {TOKENS} tokens"
        return [*figures, Figure("CPU time of the API for a question", cpu_ms, "ms", None, detail)]

    def lost_tokens(self, streams: int, ramp_s: float) -> list[Figure]:
        """Counts errors and answers that are not `0 1 2 …`."""
        found = self._ask(streams, 2 * streams, ramp_s)
        errors = [stream.error for stream in found if stream.error]
        wrong = [s for s in found if not s.error and not _counts(s)]
        detail = f"{len(found)} answers; {errors[0] if errors else 'none'}"
        return [
            Figure(f"errors at {streams} streams", len(errors), "", 0, detail),
            Figure(
                f"answers with lost or reordered tokens at {streams} streams", len(wrong), "", 0
            ),
        ]

    def memory(self, requests: int, streams: int, api_pid: int) -> list[Figure]:
        """Memory growth of the API, not counting the first tenth of the requests."""
        self._ask(streams, requests // 10, 0)
        before = memory_mib(api_pid)
        found = self._ask(streams, requests - requests // 10, 0)
        errors = [stream.error for stream in found if stream.error]
        grown = memory_mib(api_pid) - before
        load = f"over {requests} requests, {streams} at once"
        first = errors[0] if errors else "none"
        return [
            Figure(f"growth of the API {load}", grown, "MiB", 16, f"from {before:.0f} MiB"),
            Figure(f"errors {load}", len(errors), "", 0, first),
        ]

    def real(self) -> list[Figure]:
        """Tokens per second for the same prompts, alternating, in one stream."""
        questions = self._corpus.questions[:_REAL_QUESTIONS]
        prompts = latency.served_prompts(
            self.api_url, Database(self._settings.sql_url), self._base_id, questions
        )
        tokens, seconds = {"api": 0, "engine": 0}, {"api": 0.0, "engine": 0.0}
        for turn in range(2 * len(questions)):
            number, side = turn // 2, ("api", "engine")[(turn + turn // 2) % 2]
            began = time.perf_counter()
            if side == "api":
                (found,) = self._ask(1, 1, 0, [questions[number]])
            else:
                (found,) = self._complete(1, 1, 0, [prompts[number]])
            seconds[side] += time.perf_counter() - began
            tokens[side] += found.tokens
        rates = {side: tokens[side] / seconds[side] for side in tokens}
        detail = f"API {rates['api']:.2f}, engine alone {rates['engine']:.2f} tokens/s"
        share = 100 * (1 - rates["api"] / rates["engine"])
        return [Figure("tokens a second lost through the API", share, "%", 3, detail)]

    def _ask(
        self, streams: int, requests: int, ramp_s: float, questions: list[str] | None = None
    ) -> list[Stream]:
        asked = questions or self._corpus.questions

        def body(number: int) -> dict[str, Any]:
            turn = {"role": "user", "content": asked[number % len(asked)]}
            usage = {"include_usage": True}
            name = f"zhiwen/{_BASE}"
            return {"model": name, "messages": [turn], "stream": True, "stream_options": usage}

        url = f"{self.api_url}/v1/chat/completions"
        return asyncio.run(
            closed_loop(url, body, streams=streams, requests=requests, ramp_s=ramp_s)
        )

    def _complete(
        self, streams: int, requests: int, ramp_s: float, prompts: list[str] | None = None
    ) -> list[Stream]:
        def body(number: int) -> dict[str, Any]:
            prompt = prompts[number % len(prompts)] if prompts else "x" * 2000
            return {
                "model": self._settings.chat_model,
                "prompt": prompt,
                "max_tokens": TOKENS,
                "temperature": 0,
                "stop": CHATML_STOP,
                "stream": True,
                "stream_options": {"include_usage": True},
            }

        url = f"{self.engine_url}/completions"
        return asyncio.run(
            closed_loop(url, body, streams=streams, requests=requests, ramp_s=ramp_s)
        )


def _settled(found: list[Stream], streams: int) -> list[Stream]:
    """Without the requests of the ramp-up. Raises RuntimeError if one failed."""
    errors = [stream.error for stream in found if stream.error]
    if errors:
        raise RuntimeError(f"{len(errors)} of {len(found)} requests failed: {errors[0]}")
    return found[streams:]


def _since_written_ms(stream: Stream) -> float:
    """Time from sending the first token at the engine to its arrival."""
    written_at_us = int(stream.text.split(maxsplit=1)[0])
    return (stream.first_at_us - written_at_us) / 1000


def _counts(stream: Stream) -> bool:
    _, *numbers = _MARKER.sub("", stream.text).split()
    return numbers == [str(number) for number in range(1, TOKENS)]


if __name__ == "__main__":
    typer.run(main)
