"""Whether the load generator would notice what must not happen."""

import asyncio
from typing import Any

import pytest

from app.llm.servers.fake_engine import FakeEngine
from evals.speed.bench_serve import TOKENS, _counts, _since_written_ms
from evals.speed.load import Stream, closed_loop, quantile, stream
from tests.serving import serving


def body(model: str) -> dict[str, Any]:
    return {"model": model, "prompt": "x", "max_tokens": TOKENS, "stream": True}


@pytest.mark.parametrize("mode", ["count", "clock"])
def test_streams_of_the_counting_engine_are_whole(mode: str) -> None:
    with serving(FakeEngine().app()) as url:
        found = asyncio.run(
            closed_loop(
                f"{url}/v1/completions",
                lambda _number: body(f"fake:{mode}"),
                streams=8,
                requests=24,
                ramp_s=0.05,
            )
        )
    assert len(found) == 24
    assert [s.error for s in found if s.error] == []
    assert all(_counts(s) and s.tokens == TOKENS for s in found)
    assert all(0 < s.first_ms <= s.whole_ms for s in found)
    if mode == "clock":  # it was written between the question and its arrival
        assert all(0 <= _since_written_ms(s) <= s.first_ms for s in found)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("busy", "429"),
        ("error", "500"),
        ("unfinished", "without"),
        ("malformed", "Malformed"),
        ("error_middle", "out of memory"),
    ],
)
def test_failures_are_told(mode: str, error: str) -> None:
    with serving(FakeEngine().app()) as url:
        found = asyncio.run(stream(f"{url}/v1/completions", body(f"fake:{mode}")))
    assert error in found.error


@pytest.mark.parametrize("numbers", [[0, 2, 1], [0, 1], [0, 1, 1, 2]])
def test_lost_and_reordered_tokens_are_seen(numbers: list[int]) -> None:
    whole = [str(n) for n in [*numbers, *range(max(numbers) + 1, TOKENS)]]
    lost = whole if numbers != [0, 1] else whole[:-1]
    assert not _counts(Stream(pieces=[f"{piece} " for piece in lost]))
    assert _counts(Stream(pieces=[f"{n} " for n in range(TOKENS)]))


def test_a_refused_connection_is_an_error() -> None:
    found = asyncio.run(stream("http://127.0.0.1:9/v1/completions", body("fake")))
    assert "Error" in found.error


def test_markers_are_no_tokens() -> None:
    pieces = [f"{n} " for n in range(TOKENS)]
    assert _counts(Stream(pieces=[*pieces[:5], "[1]", *pieces[5:]]))


def test_quantiles_are_of_the_nearest_rank() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([float(n) for n in range(100)], 0.99) == 99.0
