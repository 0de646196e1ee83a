"""Creates vector engines by name."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from vectorstore.exact import ExactEngine
from vectorstore.protocol import EngineMissing, VectorEngine

if TYPE_CHECKING:
    from vectorstore.milvus.server import Server
    from vectorstore.pgvector.store import Connections

_NO_FOLDER = Path()


def vector_engine(
    name: str,
    folder: Path = _NO_FOLDER,
    *,
    connections: "Connections | None" = None,
    server: "Server | None" = None,
    prefix: str = "zhiwen",
) -> VectorEngine:
    """The engine `exact`; `faiss`, which saves its stores in `folder`; `pgvector`, which has them
    in the database that `connections` lead to; or `milvus`, which has them on `server`, in
    collections whose names begin with `prefix`.

    Raises EngineMissing.
    """
    match name:
        case "exact":
            return ExactEngine()
        case "faiss":
            _require("faiss", "faiss-cpu")
            from vectorstore.faiss.engine import FaissEngine

            return FaissEngine(folder)
        case "pgvector":
            if connections is None:
                raise EngineMissing("pgvector needs a database on PostgreSQL")
            from vectorstore.pgvector.engine import PgVectorEngine

            return PgVectorEngine(connections)
        case "milvus":
            if server is None:
                raise EngineMissing("milvus needs the address of a server")
            from vectorstore.milvus.engine import MilvusEngine

            return MilvusEngine(server, prefix)
        case _:
            raise EngineMissing(
                f"unknown vector engine {name!r}; known engines: exact, faiss, pgvector, milvus"
            )


def _require(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise EngineMissing(f"{package} is not installed. Run: pip install {package}")
