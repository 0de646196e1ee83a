"""The breaker by a clock that the test turns."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import CircuitOpen


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(threshold=3, open_s=10.0, clock=clock)


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with breaker.attempt():
            breaker.failed()


def test_it_opens_after_failures_in_a_row_only(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    with breaker.attempt():
        breaker.succeeded()
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker)
    assert (breaker.state, breaker.wait_s) == ("open", 10.0)
    with pytest.raises(CircuitOpen, match="10 s"), breaker.attempt():
        pass


def test_one_failure_is_enough_where_nobody_is_there(breaker: CircuitBreaker) -> None:
    with breaker.attempt():
        breaker.failed(at_once=True)
    assert breaker.state == "open"


def test_half_open_lets_one_through_and_its_success_closes(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now = 9.9
    assert not breaker.admits()
    clock.now = 10.0
    assert breaker.state == "half_open"
    with breaker.attempt():
        assert not breaker.admits()
        breaker.succeeded()
    assert (breaker.state, breaker.failures) == ("closed", 0)


def test_a_trial_that_fails_opens_it_for_as_long_again(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now = 12.0
    fail(breaker)
    assert (breaker.state, breaker.wait_s) == ("open", 10.0)


def test_a_trial_that_is_stopped_leaves_room_for_the_next(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now = 10.0
    with pytest.raises(GeneratorExit), breaker.attempt():
        raise GeneratorExit
    assert (breaker.state, breaker.admits()) == ("half_open", True)


def test_a_first_token_lets_others_through_but_one_failure_opens_again(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now = 10.0
    with breaker.attempt():
        breaker.first_token()
        assert breaker.admits()
        breaker.failed()
    assert breaker.state == "open"


@given(st.lists(st.sampled_from(["succeed", "fail", "stop", "wait"]), max_size=40))
def test_whatever_happens_it_never_stays_shut(steps: list[str]) -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=2, open_s=5.0, clock=clock)
    for step in steps:
        if step == "wait":
            clock.now += 3.0
        elif breaker.admits():
            with breaker.attempt():
                if step == "succeed":
                    breaker.succeeded()
                elif step == "fail":
                    breaker.failed()
    clock.now += 5.0
    assert breaker.admits()
