"""The lexical index of a database from before terms began with their base's number."""

from collections import Counter

import pytest
from alembic import command
from sqlalchemy import text
from sqlmodel import Session, select

from app.db import lexical
from app.db.engine import Database
from app.db.tables import LexicalBase, LexicalRemoval
from ingest.terms import terms
from tests.db.migrations import migrations

BEFORE = "0015"
CHUNKS = {
    "a": {1: "员工的年假按工龄计算，年假，年假：十天。", 2: "报销差旅费需要提交发票。"},
    "b": {3: "The warranty covers parts; 年假 does not.", 4: "warranty warranty warranty"},
}
WITHDRAWN = (9, "年假的旧规定")
QUERIES = ("年假怎么计算", "warranty parts", "差旅费")


def go_back(db: Database) -> None:
    with db.engine.connect() as connection, connection.begin():
        command.downgrade(migrations(connection), BEFORE)


def add_as_before(session: Session, base_id: str, chunk_id: int, content: str) -> None:
    found = terms(content)
    if session.get_bind().dialect.name == "sqlite":
        statement = "INSERT INTO chunk_terms (rowid, base, terms) VALUES (:id, :base, :terms)"
        given = " ".join(found)
    else:
        statement = (
            "INSERT INTO chunk_terms (chunk_id, base_id, terms)"
            " VALUES (:id, :base, CAST(:terms AS tsvector))"
        )
        given = " ".join(
            f"'{term}':{','.join(map(str, range(1, count + 1)))}"
            for term, count in Counter(found).items()
        )
    session.connection().execute(text(statement), {"id": chunk_id, "base": base_id, "terms": given})


def answers(db: Database) -> list[dict[int, float]]:
    with db.read() as session:
        return [
            {match.id: match.score for match in lexical.search(session, query, 9, bases)}
            for query in QUERIES
            for bases in (["a"], ["b"], ["a", "b"])
        ]


def test_an_index_from_before_answers_like_a_new_one(db: Database) -> None:
    with db.write() as session:
        for base_id, chunks in CHUNKS.items():
            lexical.add(session, base_id, list(chunks.items()))
    expected = answers(db)
    assert any(expected)

    go_back(db)
    with db.write() as session:
        for base_id, chunks in CHUNKS.items():
            for chunk_id, content in chunks.items():
                add_as_before(session, base_id, chunk_id, content)
        if db.dialect == "sqlite":  # on PostgreSQL such a chunk is gone from the index
            add_as_before(session, "a", *WITHDRAWN)
            session.add(LexicalRemoval(chunk_id=WITHDRAWN[0]))
    db.migrate()

    assert answers(db) == [pytest.approx(each) for each in expected]
    with db.read() as session:
        assert lexical.ids(session) == {1, 2, 3, 4}
        counted = {base.base_id: base.chunks for base in session.exec(select(LexicalBase))}
        assert session.exec(select(LexicalRemoval)).all() == []
    assert counted == {"a": 2, "b": 2}
    with db.write() as session:
        lexical.remove(session, [1, 2, 3, 4])
        lexical.add(session, "a", [(5, "年假")])
    with db.read() as session:
        assert [match.id for match in lexical.search(session, "年假", 9, ["a", "b"])] == [5]


def test_a_base_of_before_without_searched_chunks_is_not_counted(db: Database) -> None:
    if db.dialect == "postgresql":
        pytest.skip("PostgreSQL keeps no chunks that wait for their removal")
    go_back(db)
    with db.write() as session:
        add_as_before(session, "gone", *WITHDRAWN)
        session.add(LexicalRemoval(chunk_id=WITHDRAWN[0]))
    db.migrate()
    with db.read() as session:
        assert session.exec(select(LexicalBase)).all() == []
        assert lexical.ids(session) == set()
