"""The lexical index on PostgreSQL: a tsvector of our terms with GIN.

PostgreSQL's own ranks know nothing of how rare a term is, so the score is built like BM25:
per term its inverse document frequency, times `ts_rank` (which grows and saturates with the
term's count), over BM25's norm of the length (Robertson and Zaragoza 2009, b = 0.75). The index
alone picks the candidates by the rarity of the terms they have; counts are looked up in those.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, text
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from app.db.lexical_terms import idf, rarest, weight_of, worth_counting
from vectorstore import Match

_CANDIDATES = 4  # looked at for each result asked for
# Of a term that occurs once in a chunk of usual length, `ts_rank` gives 0.608 where BM25 gives 1
# of 2.2 at most: the same share of this.
_SATURATION = 1.34
_MAX_POSITIONS = 255  # of one term, PostgreSQL keeps no more

_ADD = text(
    "INSERT INTO chunk_terms (chunk_id, base_id, terms)"
    " VALUES (:id, :base, CAST(:terms AS tsvector))"
)
_FREQUENCIES = text(
    "SELECT term,"
    " (SELECT count(*) FROM chunk_terms WHERE terms @@ CAST(quoted AS tsquery)) AS chunks"
    " FROM unnest(CAST(:terms AS text[]), CAST(:quoted AS text[])) AS wanted (term, quoted)"
)
_SEARCH = text(
    """
    WITH wanted AS (
        SELECT CAST(quoted AS tsquery) AS query, idf
        FROM unnest(CAST(:quoted AS text[]), CAST(:idfs AS float8[])) AS given (quoted, idf)
    ), candidate AS MATERIALIZED (
        SELECT chunk_id, sum(idf) AS presence
        FROM wanted CROSS JOIN LATERAL (
            SELECT chunk_id, base_id FROM chunk_terms WHERE terms @@ query OFFSET 0
        ) AS hit
        WHERE base_id = ANY(:bases)
        GROUP BY chunk_id
        ORDER BY presence DESC, chunk_id
        LIMIT :candidates
    ), reranked AS MATERIALIZED (
        SELECT chunk_id, terms || '' AS terms, CAST(length(terms) AS float8) AS size
        FROM candidate JOIN chunk_terms USING (chunk_id)
    )
    SELECT chunk_id,
           sum(idf * ts_rank('{1,1,1,1}', terms, query))
           / (0.25 + 0.75 * size / (SELECT avg(size) FROM reranked)) AS score
    FROM reranked CROSS JOIN wanted
    GROUP BY chunk_id, size
    ORDER BY score DESC, chunk_id
    LIMIT :k
    """
)
# A sequential scan unpacks every chunk's terms for every term; the planner does not know.
_INDEX_ONLY = text("SELECT set_config('enable_seqscan', :value, true)")


def add(session: Session, base_id: str, rows: Sequence[tuple[int, list[str]]]) -> None:
    session.connection().execute(
        _ADD, [{"id": id_, "base": base_id, "terms": _vector(terms)} for id_, terms in rows]
    )


def remove(session: Session, chunk_ids: Collection[int]) -> None:
    session.connection().execute(
        text("DELETE FROM chunk_terms WHERE chunk_id = ANY(:ids)"), {"ids": list(chunk_ids)}
    )


def withdraw(session: Session, chunk_ids: Select[Any] | SelectOfScalar[Any]) -> None:
    """Deleting is quick here: the index is cleaned later, by PostgreSQL itself."""
    remove(session, [id_ for (id_,) in session.connection().execute(chunk_ids)])


def ids(session: Session) -> set[int]:
    rows = session.connection().execute(text("SELECT chunk_id FROM chunk_terms"))
    return {row.chunk_id for row in rows}


def search(
    session: Session, wanted: Sequence[str], k: int, base_ids: Collection[str]
) -> list[Match]:
    connection = session.connection()
    before = connection.scalar(text("SELECT current_setting('enable_seqscan')"))
    connection.execute(_INDEX_ONLY, {"value": "off"})
    found = _search(connection, wanted, k, base_ids)
    connection.execute(_INDEX_ONLY, {"value": before})  # after an error the rollback does it
    return found


def _search(
    connection: Connection, wanted: Sequence[str], k: int, base_ids: Collection[str]
) -> list[Match]:
    chunks = connection.scalar(text("SELECT count(*) FROM chunk_terms")) or 0
    counted = worth_counting(wanted, chunks)
    given = {"terms": counted, "quoted": [_quoted(term) for term in counted]}
    frequencies = {row.term: row.chunks for row in connection.execute(_FREQUENCIES, given)}
    chosen = rarest(frequencies, chunks)
    if not chosen:
        return []
    quoted = [_quoted(term) for term in chosen]
    rows = connection.execute(
        _SEARCH,
        {
            "quoted": quoted,
            "idfs": [idf(frequencies[t], chunks) for t in chosen],
            "bases": list(base_ids),
            "k": k,
            "candidates": _CANDIDATES * k,
        },
    )
    whole = _SATURATION * weight_of(chosen, counted, frequencies, chunks)
    return [Match(id_, min(max(score, 0.0) / whole, 1.0)) for id_, score in rows]


def _vector(terms: Sequence[str]) -> str:
    """A tsvector's text. Positions only count: a term that occurs twice is at 1 and 2."""
    return " ".join(
        f"{_quoted(term)}:{','.join(map(str, range(1, min(count, _MAX_POSITIONS) + 1)))}"
        for term, count in Counter(terms).items()
    )


def _quoted(term: str) -> str:
    """A lexeme of a tsvector or tsquery as it is: no parser, no dictionary, no syntax."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
