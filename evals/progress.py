"""Progress bars of a run; none where nobody watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars


@dataclass(frozen=True, slots=True)
class Progress:
    console: Console

    @contextmanager
    def task(self, words: str, total: int) -> Iterator[Callable[[], None]]:
        """Within it, each call of what it yields counts one done."""
        columns = (
            TextColumn("{task.description:24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=self.console, transient=True) as bars:
            task = bars.add_task(words, total=total)
            yield lambda: bars.advance(task)


def silent() -> Progress:
    return Progress(Console(quiet=True))
