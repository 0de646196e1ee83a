from tests.vectorstore.contract import VectorStoreContract
from vectorstore.exact import ExactStore
from vectorstore.faiss.store import FaissStore
from vectorstore.protocol import VectorStore


class TestExactStore(VectorStoreContract):
    def new_store(self, dim: int) -> VectorStore:
        return ExactStore(dim)


class TestFaissStore(VectorStoreContract):
    def new_store(self, dim: int) -> VectorStore:
        return FaissStore(dim)
