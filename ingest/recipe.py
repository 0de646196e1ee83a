"""By which recipe a document was read.

Raise `RECIPE` where a change gives the same file another text, other chunks or tables, or other
places on its pages, and say in `_CHANGED_IN` which formats it is about. Stored documents of these
formats are then read again.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

RECIPE = 5  # 0 is whatever documents were read by before recipes were counted
# suffix → last recipe that changed it, of what may lie inside as well; the fifth for others
_CHANGED_IN: Mapping[str, int] = dict.fromkeys(
    (".txt", ".text", ".log", ".json", ".jsonl", ".ndjson"), 1
)


def changed_in(name: str) -> int:
    """The last recipe that reads a file of this name otherwise than the one before."""
    return _CHANGED_IN.get(PurePosixPath(name).suffix.lower(), 5)
