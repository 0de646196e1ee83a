"""The lexical index on SQLite: FTS5 over terms that are split already; rowid = chunk id.

Column "1" has every term of a chunk once, columns "2", "4" and "8" have those that occur as often:
a look at the postings of a term tells its chunks, and how often it is in each. FTS5's own `bm25`
would count over all bases, and keep every position of a term, which doubles the index.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, insert, text
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.db.lexical_terms import LEVELS, Saturation, at_least
from app.db.tables import LexicalRemoval, StoredChunk

_ADD = text(
    'INSERT INTO chunk_terms (rowid, "1", "2", "4", "8") VALUES (:id, :at1, :at2, :at4, :at8)'
)
_ADD_SIZE = text("INSERT INTO chunk_terms_size (chunk_id, base, size) VALUES (:id, :base, :size)")
_SIZES = text(
    "SELECT base, count(*), sum(size) FROM chunk_terms_size"
    " WHERE chunk_id IN (SELECT value FROM json_each(:ids)) GROUP BY base"
)
_COUNT = text(
    "SELECT term, doc FROM json_each(:terms) AS wanted"
    " CROSS JOIN chunk_terms_count AS found ON found.term = wanted.value"
)
# CROSS JOIN keeps the order: first the postings of each term, then the size of each chunk. Most
# postings are of level 1, for which the sum is simpler; without that a search takes a fifth longer.
_BEST = text(
    """
    WITH wanted AS MATERIALIZED (
        SELECT json_extract(value, '$[0]') AS term, json_extract(value, '$[1]') AS weight
        FROM json_each(:weights)
    ), hit AS (
        SELECT chunk_id, weight, col, CAST(col AS INTEGER) AS level,
               CAST(col AS INTEGER) / 2 AS below, :fixed + :per_term * size AS k
        FROM wanted
        CROSS JOIN chunk_terms_posting AS posting ON posting.term = wanted.term
        CROSS JOIN chunk_terms_size ON chunk_id = doc
    )
    SELECT chunk_id, sum(CASE col WHEN '1' THEN weight / (k + 1)
           ELSE weight * k * (level - below) / ((k + level) * (k + below)) END) AS score
    FROM hit
    WHERE chunk_id NOT IN (SELECT chunk_id FROM lexical_removal)
        AND chunk_id NOT IN (SELECT value FROM json_each(:without))
    GROUP BY chunk_id
    ORDER BY CAST(score * 1e9 + 0.5 AS INTEGER) DESC, chunk_id
    LIMIT :k
    """
)


def add(session: Session, base: int, rows: Sequence[tuple[int, list[str]]]) -> None:
    connection = session.connection()
    connection.execute(_ADD, [{"id": id_, **_columns(base, terms)} for id_, terms in rows])
    connection.execute(
        _ADD_SIZE, [{"id": id_, "base": base, "size": len(terms)} for id_, terms in rows]
    )


def _columns(base: int, terms: Iterable[str]) -> dict[str, str]:
    levels = at_least(base, terms)
    return {f"at{level}": " ".join(levels[level]) for level in LEVELS}


def remove(session: Session, chunk_ids: Collection[int]) -> list[tuple[int, int, int]]:
    connection = session.connection()
    gone = connection.execute(_SIZES, {"ids": json.dumps(list(chunk_ids))}).all()
    for table, key in (("chunk_terms", "rowid"), ("chunk_terms_size", "chunk_id")):
        connection.execute(
            text(f"DELETE FROM {table} WHERE {key} = :id"),  # noqa: S608
            [{"id": id_} for id_ in chunk_ids],
        )
    return [(base, chunks, terms) for base, chunks, terms in gone]


def withdraw(
    session: Session, chunk_ids: Select[Any] | SelectOfScalar[Any]
) -> list[tuple[int, int, int]]:
    """Removing a chunk's terms takes about a millisecond, so that is left for later."""
    waiting = select(LexicalRemoval.chunk_id)
    session.connection().execute(
        insert(LexicalRemoval).from_select(
            ["chunk_id"], chunk_ids.where(col(StoredChunk.id).not_in(waiting))
        )
    )
    return []


def ids(session: Session) -> set[int]:
    rows = session.connection().execute(
        text(
            "SELECT chunk_id FROM chunk_terms_size"
            " WHERE chunk_id NOT IN (SELECT chunk_id FROM lexical_removal)"
        )
    )
    return {row.chunk_id for row in rows}


def count(connection: Connection, terms: Sequence[str]) -> Mapping[str, int]:
    rows = connection.execute(_COUNT, {"terms": json.dumps(terms)})
    return {row.term: row.doc for row in rows}


def best(
    connection: Connection,
    weights: Mapping[str, float],
    saturation: Saturation,
    k: int,
    without: Collection[int],
) -> list[tuple[int, float]]:
    given = {
        "weights": json.dumps(list(weights.items())),
        "fixed": saturation.fixed,
        "per_term": saturation.per_term,
        "k": k,
        "without": json.dumps(list(without)),
    }
    return [(chunk_id, score) for chunk_id, score in connection.execute(_BEST, given)]
