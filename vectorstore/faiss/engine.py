"""FAISS stores, each saved in a subfolder with its name."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from vectorstore.faiss.store import FaissStore


@dataclass(frozen=True, slots=True)
class FaissEngine:
    folder: Path

    def create(self, name: str, dim: int, embedder: str) -> FaissStore:
        return FaissStore(dim, folder=self.folder / name, embedder=embedder)

    def open(self, name: str, dim: int, embedder: str) -> FaissStore:
        return FaissStore.load(self.folder / name, dim, embedder)

    def names(self) -> set[str]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return {each.name for each in found if each.is_dir()}

    def drop(self, name: str) -> None:
        shutil.rmtree(self.folder / name, ignore_errors=True)
