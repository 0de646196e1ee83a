"""Progress of a run: a bar on a terminal, occasional lines in a file."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

_LINE_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Progress:
    console: Console
    line_every_s: float = _LINE_EVERY_S

    @contextmanager
    def task(self, words: str, total: int) -> Iterator[Callable[[], None]]:
        """Yields a function that counts one item as done."""
        if not self.console.is_terminal:
            yield self._lines(words, total)
            return
        columns = (
            TextColumn("{task.description:24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=self.console, transient=True) as bars:
            task = bars.add_task(words, total=total)
            yield lambda: bars.advance(task)

    def _lines(self, words: str, total: int) -> Callable[[], None]:
        done, said_at = 0, time.monotonic()

        def advance() -> None:
            nonlocal done, said_at
            done += 1
            if time.monotonic() - said_at >= self.line_every_s:
                said_at = time.monotonic()
                self.console.print(f"{words}: {done} of {total}")

        return advance


def silent() -> Progress:
    return Progress(Console(quiet=True))
