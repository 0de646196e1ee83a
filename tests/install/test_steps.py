"""The lines of a start, with and without a terminal."""

import io
import os
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import pytest

from app.install.steps import Step


@dataclass(frozen=True, slots=True)
class Terminal:
    """`ours` is the stream of the program; `shown` closes it and returns what it has sent."""

    ours: TextIO
    other_end: int

    def shown(self) -> str:
        self.ours.close()
        sent = b""
        try:
            while piece := os.read(self.other_end, 65536):
                sent += piece
        except OSError:  # as Linux says that the other end is closed
            pass
        return sent.decode()


@pytest.fixture(params=["utf-8"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    other_end, descriptor = os.openpty()
    mode = termios.tcgetattr(descriptor)
    mode[1] &= ~termios.OPOST  # leave line ends as they are
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    with os.fdopen(descriptor, "w", encoding=request.param) as ours:
        yield Terminal(ours, other_end)
    os.close(other_end)


def take(step: Step) -> None:
    with step:
        step.show(0.0, "0/474 MB")
        step.show(0.5, "237/474 MB")
        step.end("474 MB")


def test_without_a_terminal_one_line_at_the_beginning_and_one_at_the_end() -> None:
    out = io.StringIO()
    take(Step("2/4 models", out))
    assert out.getvalue() == "2/4 models: 0/474 MB\n2/4 models: 474 MB\n"


def test_a_terminal_redraws_one_line(terminal: Terminal) -> None:
    take(Step("2/4 models", terminal.ours))
    first, half, last = terminal.shown().removeprefix("\r").split("\r")
    assert first == f"2/4 models       {'─' * 24} 0/474 MB\x1b[K"
    assert half == f"2/4 models       {'━' * 12}{'─' * 12} 237/474 MB\x1b[K"
    assert last == "2/4 models       474 MB\x1b[K\n"


@pytest.mark.parametrize("terminal", ["ascii"], indirect=True)
def test_a_terminal_without_these_characters(terminal: Terminal) -> None:
    Step("2/4 models", terminal.ours).show(0.5, "")
    assert "#" * 12 + "-" * 12 in terminal.shown()


def test_a_terminal_that_cannot_redraw(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    take(Step("2/4 models", terminal.ours))
    assert terminal.shown() == "2/4 models: 0/474 MB\n2/4 models: 474 MB\n"


def test_a_long_line_does_not_wrap(terminal: Terminal) -> None:
    Step("2/4 models", terminal.ours).show(0.5, "x" * 200)
    assert len(terminal.shown().removeprefix("\r").removesuffix("\x1b[K")) == 79


def test_what_is_said_about_a_failure_has_a_line_of_its_own(terminal: Terminal) -> None:
    with pytest.raises(ValueError), Step("2/4 models", terminal.ours) as step:
        step.show(0.5, "")
        raise ValueError
    assert terminal.shown().endswith("\n")


def test_names_are_no_commands_to_the_terminal() -> None:
    out = io.StringIO()
    Step("2/4 models", out).end("\x1b[2J\rname")
    assert out.getvalue() == "2/4 models: [2Jname\n"
