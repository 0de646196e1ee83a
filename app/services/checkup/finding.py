"""What a check-up finds."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal[
    "contradiction",  # two documents state the same with other numbers
    "superseded",  # by its name, an older version of another document
    "same_content",  # another file with the very same text
    "near_same",  # another document with almost the same text
    "not_findable",  # a section that searching its own heading does not find
    "unused",  # cited by no answer for a long time
]
SEVEREST_FIRST: tuple[Kind, ...] = (
    *("contradiction", "superseded", "same_content", "near_same", "not_findable", "unused"),
)


@dataclass(frozen=True, slots=True)
class Where:
    """A document, and the number of the chunk in it that the finding is about."""

    document_id: str
    name: str
    ordinal: int = 0
    text: str = ""  # the words that it is about


@dataclass(frozen=True, slots=True)
class Finding:
    """`places`: the first is the one to do something about."""

    kind: Kind
    places: tuple[Where, ...]
    facts: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for the same finding in a later check-up."""
        parts = [self.kind, *(f"{place.document_id}\0{place.text}" for place in self.places)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "key": self.key}


Pairs = Sequence[tuple[int, int]]  # of documents by their place
