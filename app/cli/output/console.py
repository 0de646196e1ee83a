"""Writes to the terminal. Names, texts and answers are untrusted: they are printed literally, never
interpreted as rich markup, emoji codes or terminal control sequences."""

import re
import sys

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: object) -> str:
    """Removes control characters except tabs and line ends."""
    return _CONTROL.sub("", str(text).replace("\r\n", "\n"))


def say(*parts: object, stderr: bool = False) -> None:
    """Prints one line made of parts: texts, or pairs of text and style."""
    pieces = [(plain(p[0]), str(p[1])) if isinstance(p, tuple) else plain(p) for p in parts]
    Console(stderr=stderr).print(Text.assemble(*pieces), soft_wrap=True)


def say_below(text: str) -> None:
    """Prints a text under the line before it: indented, as wide as the terminal, less bright."""
    Console().print(Padding(Text(plain(text), style="dim"), (0, 0, 0, 4)))


def write(text: str) -> None:
    """Writes a piece of a stream immediately, without a line end."""
    sys.stdout.write(plain(text))
    sys.stdout.flush()
