"""The collections of an installation: one that lists its stores, and one for the vectors of each
embedder.

A store is a value of the partition key, not a collection of its own: thousands of bases would be
more collections than a server can hold in memory, and a search in many bases is one request.
"""

import hashlib
import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from vectorstore.milvus.server import Server

if TYPE_CHECKING:
    from pymilvus import CollectionSchema, MilvusClient
    from pymilvus.milvus_client import IndexParams

STRONG = "Strong"  # waits until everything is seen that was written before
BOUNDED = "Bounded"  # sees what is some seconds old
PARTITIONS = 64  # of the partition key; a search reads those that its stores fall into
_KEY_LENGTH = 200  # bytes; a name is an id of 32 characters and a generation
_EMBEDDER_LENGTH = 1000
# As for pgvector (its m and ef_construction): .98 of the exact ten nearest and more.
_GRAPH = {"M": 16, "efConstruction": 128}


def name_of(prefix: str, dim: int, embedder: str) -> str:
    """The collection for that embedder's vectors: one graph never has those of two."""
    return f"{prefix}_{dim}_{hashlib.sha256(embedder.encode()).hexdigest()[:12]}"


def list_name(prefix: str) -> str:
    return f"{prefix}_stores"


def of_installation(client: "MilvusClient", prefix: str, timeout_s: float) -> list[str]:
    names: list[str] = client.list_collections(timeout=timeout_s)
    return [name for name in names if name.startswith(f"{prefix}_")]


def have_vectors(server: Server, name: str, dim: int, partitions: int) -> None:
    """Make sure that the collection is there and loaded. Its rows: the store, the chunk, its
    vector, and an id of both."""
    with server.client() as client:
        from pymilvus import DataType

        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=_KEY_LENGTH)
        schema.add_field("store", DataType.VARCHAR, max_length=_KEY_LENGTH, is_partition_key=True)
        schema.add_field("chunk", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
        index = client.prepare_index_params()
        index.add_index("vector", index_type="HNSW", metric_type="IP", params=_GRAPH)
        index.add_index("store", index_type="INVERTED")
        index.add_index("chunk", index_type="INVERTED")
        _have(client, server.timeout_s, name, schema, index, num_partitions=partitions)


def have_list(server: Server, name: str) -> None:
    """The same for the collection that lists the stores."""
    with server.client() as client:
        from pymilvus import DataType

        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=_KEY_LENGTH)
        schema.add_field("name", DataType.VARCHAR, max_length=_KEY_LENGTH)
        schema.add_field("version", DataType.INT64)
        schema.add_field("dim", DataType.INT64)
        schema.add_field("embedder", DataType.VARCHAR, max_length=_EMBEDDER_LENGTH)
        schema.add_field("sequence", DataType.INT64)
        schema.add_field("saved", DataType.BOOL)
        schema.add_field("unused", DataType.FLOAT_VECTOR, dim=2)  # each collection must have one
        index = client.prepare_index_params()
        index.add_index("unused", index_type="FLAT", metric_type="IP")
        _have(client, server.timeout_s, name, schema, index)


def _have(
    client: "MilvusClient",
    timeout_s: float,
    name: str,
    schema: "CollectionSchema",
    index: "IndexParams",
    **options: Any,
) -> None:
    # In steps that can be taken up where an earlier process was killed between two of them.
    if not client.has_collection(name, timeout=timeout_s):
        client.create_collection(
            name, schema=schema, consistency_level=STRONG, timeout=timeout_s, **options
        )
    if not client.list_indexes(name, timeout=timeout_s):
        client.create_index(name, index, timeout=timeout_s)
    client.load_collection(name, timeout=timeout_s)


def is_in(field: str, values: Collection[int] | Collection[str], *, negated: bool = False) -> str:
    """A condition of Milvus's filters. `values` must not be empty."""
    listed = json.dumps(sorted(values), separators=(",", ":"), ensure_ascii=False)
    return f"{field} {'not in' if negated else 'in'} {listed}"
