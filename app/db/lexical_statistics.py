"""What lexical search counts of each base: its number, its chunks, and how common its terms are.

Every term in the index begins with its base's number, so a search reads the terms of the searched
bases only, and its statistics are theirs: what other bases hold changes no score.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, text
from sqlmodel import Session, select

from app.db.engine import is_reading
from app.db.lexical_terms import prefixed
from app.db.tables import LexicalBase

_KEPT_COUNTS = 50_000  # some megabytes

Count = Callable[[Connection, Sequence[str]], Mapping[str, int]]

_GROW = text(
    "UPDATE lexical_base SET chunks = chunks + :chunks, terms = terms + :terms,"
    " changes = changes + 1 WHERE base_id = :base"
)
_BEGIN = text(
    "INSERT INTO lexical_base (base_id, chunks, terms, changes) VALUES (:base, 0, 0, 0)"
    " ON CONFLICT (base_id) DO NOTHING"
)
_SHRINK = text(
    "UPDATE lexical_base SET chunks = chunks - :chunks, terms = terms - :terms,"
    " changes = changes + 1 WHERE number = :number"
)
# Built once: putting a statement together takes as long as running it.
_STATISTICS = text(
    "SELECT number, chunks, terms, changes FROM lexical_base"
    " WHERE base_id IN :base_ids ORDER BY number"
).bindparams(bindparam("base_ids", expanding=True))
_END = text("DELETE FROM lexical_base WHERE number = :number AND chunks <= 0")


def grow(session: Session, base_id: str, chunks: int, terms: int) -> int:
    """Count so many chunks, with so many terms in all, into a base; the number of its terms."""
    connection = session.connection()
    given = {"base": base_id, "chunks": chunks, "terms": terms}
    # Updated before it is read: whoever takes the last chunk out meanwhile waits for this one.
    if not connection.execute(_GROW, given).rowcount:
        connection.execute(_BEGIN, {"base": base_id})
        connection.execute(_GROW, given)
    return session.exec(select(LexicalBase.number).where(LexicalBase.base_id == base_id)).one()


def shrink(session: Session, number: int, chunks: int, terms: int) -> None:
    """Count chunks out of a base. Where none is left its number ends, and is never used again."""
    connection = session.connection()
    connection.execute(_SHRINK, {"number": number, "chunks": chunks, "terms": terms})
    connection.execute(_END, {"number": number})


class BaseStatistics(NamedTuple):
    """A row of `lexical_base`."""

    number: int
    chunks: int
    terms: int
    changes: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the searched bases together. Withdrawn chunks count until their terms are removed."""

    bases: tuple[BaseStatistics, ...]  # those that hold something
    chunks: int
    average_terms: float  # of a chunk, repetitions included


def statistics_of(connection: Connection, base_ids: Iterable[str]) -> Statistics:
    rows = connection.execute(_STATISTICS, {"base_ids": list(base_ids)})
    bases = tuple(BaseStatistics(*row) for row in rows)
    chunks = sum(base.chunks for base in bases)
    return Statistics(bases, chunks, sum(base.terms for base in bases) / max(chunks, 1))


@dataclass(frozen=True, slots=True)
class _Kept:
    """How many chunks of a base have each term, as of its change number `changes`."""

    changes: int
    chunks: Mapping[str, int]


# By engine and number of a base. To count a term its postings are read to their end, so it is done
# once for each state of a base.
_kept: WeakKeyDictionary[Engine, dict[int, _Kept]] = WeakKeyDictionary()


def frequencies(
    connection: Connection, bases: Sequence[BaseStatistics], terms: Collection[str], count: Count
) -> dict[int, Mapping[str, int]]:
    """By each base's number: in how many of its chunks each of `terms` is, and maybe others."""
    # What a writing session sees may never be committed.
    kept = _kept.setdefault(connection.engine, {}) if is_reading(connection) else {}
    known = {base.number: _known(kept, base) for base in bases}
    missing = {
        number: [term for term in terms if term not in chunks] for number, chunks in known.items()
    }
    if not any(missing.values()):
        return known
    keys = [prefixed(number, term) for number, some in missing.items() for term in some]
    counted = count(connection, keys)
    for base in bases:
        number = base.number
        new = {term: counted.get(prefixed(number, term), 0) for term in missing[number]}
        known[number] = {**known[number], **new}
        kept[number] = _Kept(base.changes, known[number])
    if sum(len(base.chunks) for base in list(kept.values())) > _KEPT_COUNTS:
        kept.clear()
    return known


def _known(kept: Mapping[int, _Kept], base: BaseStatistics) -> Mapping[str, int]:
    found = kept.get(base.number)
    return found.chunks if found is not None and found.changes == base.changes else {}
