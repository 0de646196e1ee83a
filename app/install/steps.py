"""Progress lines of a start, one per step: `2/4 models    ━━━━━━━━━────────────── 231/569 MB`.

In a terminal, a line is redrawn while its step runs. Otherwise there are no bars and no control
characters: a long step prints a line at its beginning, and every step prints one at its end.

    with Step("2/4 models") as step:
        step.show(0.4, "231/569 MB")
        step.end("569 MB")
"""

import os
import shutil
import sys
import time
from typing import Self, TextIO

_LABEL_CHARS = 16
_BAR_CHARS = 24
_BARS = (("━", "─"), ("#", "-"))  # full and empty; ASCII for terminals that cannot show the others
_CLEAR_TO_END = "\x1b[K"
_TOLD_FROM_S = 2.0  # shorter steps end without their duration


def say(*lines: str, out: TextIO | None = None) -> None:
    """Prints lines and flushes, so that output of processes started later follows them."""
    out = out or sys.stdout
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()


class Step:
    """`label`: number and name of the step, shown in front."""

    def __init__(self, label: str, out: TextIO | None = None) -> None:
        self._label = label
        self._out = out or sys.stdout
        self._redraws = self._out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._began = time.monotonic()
        self._open = False  # something was shown and the step is still running

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._open and self._redraws:
            self._write("\n")  # the error message gets its own line

    def show(self, share: float, detail: str) -> None:
        """Shows the progress. `share` is between 0 and 1."""
        if self._redraws:
            line = f"{self._label:{_LABEL_CHARS}} {self._bar(share)} {_printable(detail)}"
            seconds = int(time.monotonic() - self._began)
            if seconds >= _TOLD_FROM_S:
                line += f"  {seconds // 60}:{seconds % 60:02}"
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r{line[:width]}{_CLEAR_TO_END}")
        elif not self._open:
            self._write(f"{self._label}: {_printable(detail)}\n")
        self._open = True

    def end(self, detail: str) -> None:
        """Ends the step with a final line, which stays on the screen."""
        seconds = time.monotonic() - self._began
        if seconds >= _TOLD_FROM_S:
            detail += f" ({_duration(seconds)})"
        if self._redraws:
            self._write(f"\r{self._label:{_LABEL_CHARS}} {_printable(detail)}{_CLEAR_TO_END}\n")
        else:
            self._write(f"{self._label}: {_printable(detail)}\n")
        self._open = False

    def _bar(self, share: float) -> str:
        full, empty = next(bar for bar in _BARS if _encodes("".join(bar), self._out.encoding))
        cells = round(min(max(share, 0.0), 1.0) * _BAR_CHARS)
        return full * cells + empty * (_BAR_CHARS - cells)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _printable(text: str) -> str:
    """Removes control characters."""
    return "".join(c for c in text if c.isprintable())


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
