"""A long run says how far it is, also where its output goes into a file."""

import io

import pytest
from rich.console import Console

from evals.progress import Progress, silent


def test_a_file_gets_a_line_now_and_then() -> None:
    output = io.StringIO()
    with Progress(Console(file=output, width=80), line_every_s=0).task("answers", 2) as advance:
        advance()
        advance()
    assert output.getvalue().splitlines() == ["answers: 1 of 2", "answers: 2 of 2"]


def test_not_more_often_than_wanted() -> None:
    output = io.StringIO()
    with Progress(Console(file=output), line_every_s=60).task("answers", 100) as advance:
        for _ in range(100):
            advance()
    assert output.getvalue() == ""


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with silent().task("answers", 1) as advance:
        advance()
    assert capsys.readouterr() == ("", "")
