"""What searches vectors, wherever they are."""

from collections.abc import Collection, Mapping
from typing import Protocol

from app.rag.types import Scope
from ingest.embedding.embedder import Vectors
from vectorstore import Match, VectorStore


class VectorIndexes(Protocol):
    """One index per base, which always answers from everything that is committed. Thread-safe.

    `Indexes` has copies in this process; all processes share the tables of `DatabaseIndexes` and
    the stores of `MilvusIndexes`.
    """

    @property
    def engine_name(self) -> str: ...

    @property
    def embedder_name(self) -> str: ...

    @property
    def unsaved(self) -> Mapping[str, str]:
        """Ids of bases whose index cannot be saved, with the reason."""

    @property
    def full(self) -> bool:
        """Whether opening one more base would push another one out of memory."""

    def check(self) -> None:
        """Raises EngineFailed where what has the vectors doesn't answer."""

    def search(
        self, vector: Vectors, k: int, scope: Scope, only: Collection[int] | None = None
    ) -> list[Match]:
        """The `k` best matches of one query row `(1, dim)` over all the scope's bases, best first,
        and none that it withholds; with `only`, those chunks alone are compared.

        Raises NotFound, WrongEmbedder, EngineFailed.
        """

    def current(self, base_id: str) -> VectorStore:
        """The base's index with everything that is committed. Raises as `search` does."""

    def save(self) -> None:
        """Now and then, and at the end: what makes the next start fast. Takes seconds."""

    def optimise(self) -> None:
        """Now and then: what makes searches in large bases fast. Takes minutes, and may be
        interrupted."""

    def sweep(self) -> int:
        """Delete what is kept for bases and generations that are gone; returns how many."""

    def differences(self, base_id: str, *, repair: bool) -> int:
        """How many chunks the base's index has too many or too few; with `repair` it is built
        anew where there are any. Raises NotFound, WrongEmbedder."""
