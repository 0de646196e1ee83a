"""The embedder of a node, for this process."""

from collections.abc import Sequence

from app.worker.on_ray.cluster import Node
from ingest.embedding.embedder import Embedder, TextKind, Vectors


class NodeEmbedder:
    """Embeds documents on `node`; `here` is the same model, whose weights are not loaded."""

    def __init__(self, here: Embedder, node: Node) -> None:
        self.name, self.dim, self.max_tokens = here.name, here.dim, here.max_tokens
        self._here, self._node = here, node

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """See `Embedder.embed`. Raises ValueError for queries."""
        if kind != "document":
            raise ValueError("nodes embed documents only")
        return self._node.embed(list(texts))

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return self._here.token_counts(texts)
