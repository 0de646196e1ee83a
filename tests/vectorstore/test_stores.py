from pathlib import Path

import pytest

from tests.vectorstore.contract import VectorStoreContract
from tests.vectorstore.contract_engine import VectorEngineContract
from vectorstore import EngineMissing, VectorEngine, VectorStore, vector_engine
from vectorstore.faiss.store import FaissStore


class TestExactEngine(VectorEngineContract):
    def new_engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        return vector_engine("exact")


class TestFaissEngine(VectorEngineContract):
    def new_engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        folder: Path = request.getfixturevalue("tmp_path")
        return vector_engine("faiss", folder)


class TestFaissStoreWithoutAFolder(VectorStoreContract):
    def new_store(self, dim: int) -> VectorStore:
        return FaissStore(dim)


def test_an_unknown_engine_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(EngineMissing, match=r"'pinecone'.*exact, faiss"):
        vector_engine("pinecone")
