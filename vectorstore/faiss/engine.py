"""FAISS stores, each saved in a subfolder with its name."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from vectorstore.faiss.kinds import CLUSTERED_FROM, LEAST_RECALL
from vectorstore.faiss.store import FaissStore


@dataclass(frozen=True, slots=True)
class FaissEngine:
    folder: Path
    clustered_from: int = CLUSTERED_FROM  # vectors
    least_recall: float = LEAST_RECALL

    def create(self, name: str, dim: int, embedder: str) -> FaissStore:
        return FaissStore(
            dim,
            folder=self.folder / name,
            embedder=embedder,
            clustered_from=self.clustered_from,
            least_recall=self.least_recall,
        )

    def open(self, name: str, dim: int, embedder: str) -> FaissStore:
        return self.create(name, dim, embedder).load()

    def names(self) -> set[str]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return {each.name for each in found if each.is_dir()}

    def drop(self, name: str) -> None:
        shutil.rmtree(self.folder / name, ignore_errors=True)
