"""Vectors and ids as PostgreSQL receives them in binary: text takes longer than a search.

The forms are those of `halfvec_recv` in pgvector and of PostgreSQL's `array_recv`, big-endian.
"""

import struct
from collections.abc import Collection
from typing import Any

import numpy as np
from psycopg.adapt import Dumper
from psycopg.pq import Format

from vectorstore.checks import Ids
from vectorstore.protocol import Vectors

_BIGINT, _BIGINTS = 20, 1016  # oids of the types
_KNOWN = "zhiwen_vectors"


class Half(bytes):
    """A vector of float16."""


class Halves(bytes):
    """An array of vectors of float16."""


class BigInts(bytes):
    """An array of bigint."""


class _AsIs(Dumper):
    """The type comes from the cast beside the parameter."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


class _BigIntsAsIs(_AsIs):
    oid = _BIGINTS


def know_types(connection: Any) -> None:
    """Let a connection of SQLAlchemy send the three types. Done once for each of the driver's."""
    if connection.info.get(_KNOWN):
        return
    adapters = connection.connection.driver_connection.adapters
    adapters.register_dumper(Half, _AsIs)
    adapters.register_dumper(Halves, _AsIs)
    adapters.register_dumper(BigInts, _BigIntsAsIs)
    connection.info[_KNOWN] = True


def half(row: Vectors) -> Half:
    """Of a row `(dim,)`."""
    return Half(struct.pack(">hh", len(row), 0) + row.astype(">f2").tobytes())


def halves(rows: Vectors, type_oid: int) -> Halves:
    """Of rows `(n, dim)`; `type_oid` is that of `halfvec` in this database."""
    count, dim = rows.shape
    each = np.dtype([("bytes", ">i4"), ("dim", ">i2"), ("unused", ">i2"), ("row", ">f2", (dim,))])
    packed = np.zeros(count, each)
    packed["bytes"] = 4 + 2 * dim
    packed["dim"] = dim
    packed["row"] = rows
    return Halves(_array_head(type_oid, count) + packed.tobytes())


def bigints(ids: Collection[int] | Ids) -> BigInts:
    values = np.fromiter(ids, np.int64, len(ids))
    packed = np.empty(len(values), np.dtype([("bytes", ">i4"), ("value", ">i8")]))
    packed["bytes"] = 8
    packed["value"] = values
    return BigInts(_array_head(_BIGINT, len(values)) + packed.tobytes())


def _array_head(type_oid: int, count: int) -> bytes:
    """Dimensions, whether there are nulls, the type, then length and lower bound."""
    if not count:
        return struct.pack(">iiI", 0, 0, type_oid)
    return struct.pack(">iiIii", 1, 0, type_oid, count, 1)
