"""The shell as people use it, in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from app.cli.main import main


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


Shell = Callable[..., Ran]


def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    def run(*arguments: object) -> Ran:
        """`zhiwen` with these arguments, through `main`, which tells errors."""
        monkeypatch.setattr(sys, "argv", ["zhiwen", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 1
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run
