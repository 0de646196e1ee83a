"""Whether Milvus is there, as the status page asks."""

from pathlib import Path

import grpc
import pytest

from app.db.engine import Database
from app.services.search.in_milvus import MilvusIndexes
from tests.milvus import faulty_server
from vectorstore import EngineFailed
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.server import Server


def indexes_at(url: str, folder: Path) -> MilvusIndexes:
    db = Database(f"sqlite:///{folder}/unused.sqlite")
    return MilvusIndexes(db, MilvusEngine(Server(url), "test"), "toy")


def test_a_check_counts_for_some_seconds(tmp_path: Path) -> None:
    with faulty_server() as (url, faults):
        indexes = indexes_at(url, tmp_path)
        for _ in range(3):
            indexes.check()
        assert faults.calls.count("GetVersion") == 1
        faults.refuses["GetVersion"] = grpc.StatusCode.UNAUTHENTICATED
        indexes = indexes_at(url, tmp_path)
        for _ in range(3):
            with pytest.raises(EngineFailed, match="ZHIWEN_MILVUS_TOKEN"):
                indexes.check()
        assert faults.calls.count("GetVersion") == 2
