"""Writing to the terminal. Names, texts and answers come from outside: they are shown letter by
letter, never read as rich's markup, as emoji codes or as commands to the terminal."""

import re
import sys

from rich.console import Console
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: object) -> str:
    """Without the control characters a terminal would obey; tabs and line ends stay."""
    return _CONTROL.sub("", str(text).replace("\r\n", "\n"))


def say(*parts: object, stderr: bool = False) -> None:
    """Print one line of parts; a part is a text or a pair of text and style."""
    pieces = [(plain(p[0]), str(p[1])) if isinstance(p, tuple) else plain(p) for p in parts]
    Console(stderr=stderr).print(Text.assemble(*pieces), soft_wrap=True)


def write(text: str) -> None:
    """Write a piece of a stream at once, without a line end."""
    sys.stdout.write(plain(text))
    sys.stdout.flush()
