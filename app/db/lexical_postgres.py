"""The lexical index on PostgreSQL: a tsvector of our terms with GIN, read from the index alone.

PostgreSQL's own ranks know nothing of how rare a term is, and unpack the whole tsvector of every
match. So a term that occurs often in a chunk is there more than once: `年假`, and from two on
`年假_2` as well; the postings of both tell its chunks and how often it is in each.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, text
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from app.db.lexical_terms import LEVELS, Saturation, at_least

_ADD = text(
    "INSERT INTO chunk_terms (chunk_id, base, size, terms)"
    " VALUES (:id, :base, :size, array_to_tsvector(CAST(:terms AS text[])))"
)
_REMOVE = text(
    "WITH gone AS (DELETE FROM chunk_terms WHERE chunk_id = ANY(:ids) RETURNING base, size)"
    " SELECT base, count(*), sum(size) FROM gone GROUP BY base"
)
# A quoted term is a query of that term as it is: no parser, no dictionary, no syntax.
_COUNT = text(
    "SELECT term,"
    " (SELECT count(*) FROM chunk_terms WHERE terms @@ CAST(quoted AS tsquery)) AS chunks"
    " FROM unnest(CAST(:terms AS text[]), CAST(:quoted AS text[])) AS wanted (term, quoted)"
)
_BEST = text(
    """
    WITH wanted AS MATERIALIZED (
        SELECT CAST(quoted AS tsquery) AS query, weight, level
        FROM unnest(CAST(:quoted AS text[]), CAST(:weights AS float8[]), CAST(:levels AS integer[]))
        AS given (quoted, weight, level)
    ), hit AS MATERIALIZED (
        SELECT chunk_id, weight, level, level / 2 AS below,
               CAST(:fixed AS float8) + CAST(:per_term AS float8) * size AS k
        FROM wanted CROSS JOIN LATERAL (
            SELECT chunk_id, size FROM chunk_terms WHERE terms @@ query OFFSET 0
        ) AS posting
    ), scored AS (
        SELECT chunk_id, sum(weight * k * (level - below) / ((k + level) * (k + below))) AS score
        FROM hit
        WHERE chunk_id NOT IN (SELECT unnest(CAST(:without AS bigint[])))
        GROUP BY chunk_id
    )
    SELECT chunk_id, score FROM scored
    ORDER BY CAST(score * 1e9 AS bigint) DESC, chunk_id
    LIMIT :k
    """
)
# A sequential scan unpacks every chunk's terms for every term; the planner does not know.
_INDEX_ONLY = text("SELECT set_config('enable_seqscan', 'off', true)")


def add(session: Session, base: int, rows: Sequence[tuple[int, list[str]]]) -> None:
    session.connection().execute(
        _ADD,
        [
            {"id": id_, "base": base, "size": len(terms), "terms": list(_indexed(base, terms))}
            for id_, terms in rows
        ],
    )


def remove(session: Session, chunk_ids: Collection[int]) -> list[tuple[int, int, int]]:
    rows = session.connection().execute(_REMOVE, {"ids": list(chunk_ids)})
    return [(base, chunks, terms) for base, chunks, terms in rows]


def withdraw(
    session: Session, chunk_ids: Select[Any] | SelectOfScalar[Any]
) -> list[tuple[int, int, int]]:
    """Deleting is quick here: the index is cleaned later, by PostgreSQL itself."""
    return remove(session, [id_ for (id_,) in session.connection().execute(chunk_ids)])


def ids(session: Session) -> set[int]:
    rows = session.connection().execute(text("SELECT chunk_id FROM chunk_terms"))
    return {row.chunk_id for row in rows}


def count(connection: Connection, terms: Sequence[str]) -> Mapping[str, int]:
    connection.execute(_INDEX_ONLY)
    given = {"terms": list(terms), "quoted": [_quoted(term) for term in terms]}
    return {row.term: row.chunks for row in connection.execute(_COUNT, given)}


def best(
    connection: Connection,
    weights: Mapping[str, float],
    saturation: Saturation,
    k: int,
    without: Collection[int],
) -> list[tuple[int, float]]:
    connection.execute(_INDEX_ONLY)
    wanted = [
        (_quoted(_at(term, level)), weight, level)
        for term, weight in weights.items()
        for level in LEVELS
    ]
    quoted, shares, levels = zip(*wanted, strict=True)
    given = {
        "quoted": list(quoted),
        "weights": list(shares),
        "levels": list(levels),
        "fixed": saturation.fixed,
        "per_term": saturation.per_term,
        "k": k,
        "without": list(without),
    }
    return [(chunk_id, score) for chunk_id, score in connection.execute(_BEST, given)]


def _indexed(base: int, terms: Iterable[str]) -> Iterator[str]:
    for level, some in at_least(base, terms).items():
        yield from (_at(term, level) for term in some)


def _at(term: str, level: int) -> str:
    return term if level == 1 else f"{term}_{level}"


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
