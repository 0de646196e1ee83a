"""The lexical index by base: terms begin with their base's number, and each base is counted."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels = None
depends_on = None

AUTO_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers INTEGER keys only
LEVELS = (1, 2, 4, 8)  # a term is kept once for each of these that it occurs as often as
ROWS_AT_ONCE = 500

SQLITE_BEFORE = (
    "CREATE VIRTUAL TABLE chunk_terms USING fts5 (base, terms, tokenize = 'ascii')",
    "CREATE VIRTUAL TABLE chunk_terms_vocab USING fts5vocab (chunk_terms, row)",
)
SQLITE = (
    """CREATE VIRTUAL TABLE chunk_terms USING fts5 ("1", "2", "4", "8",
    detail = column, columnsize = 0, tokenize = "ascii tokenchars '_'")""",
    "CREATE VIRTUAL TABLE chunk_terms_count USING fts5vocab (chunk_terms, row)",
    "CREATE VIRTUAL TABLE chunk_terms_posting USING fts5vocab (chunk_terms, instance)",
    """CREATE TABLE chunk_terms_size
    (chunk_id INTEGER PRIMARY KEY, base INTEGER NOT NULL, size INTEGER NOT NULL)""",
)
# Without the list of pending entries, which every search would have to read through.
POSTGRESQL_INDEX = (
    "CREATE INDEX ix_chunk_terms_terms ON chunk_terms USING GIN (terms) WITH (fastupdate = off)"
)
POSTGRESQL_BEFORE = (
    """CREATE TABLE chunk_terms
    (chunk_id BIGINT PRIMARY KEY, base_id VARCHAR NOT NULL, terms TSVECTOR NOT NULL)""",
    POSTGRESQL_INDEX,
)
POSTGRESQL = """CREATE TABLE chunk_terms (
    chunk_id BIGINT CONSTRAINT pk_chunk_terms PRIMARY KEY,
    base BIGINT NOT NULL, size INTEGER NOT NULL, terms TSVECTOR NOT NULL)"""
POSTGRESQL_MOVE = """
    INSERT INTO chunk_terms (chunk_id, base, size, terms)
    SELECT chunk_id, number,
           (SELECT coalesce(sum(cardinality(positions)), 0) FROM unnest(old.terms)),
           array_to_tsvector(ARRAY(
               SELECT number || '_' || lexeme || CASE level WHEN 1 THEN '' ELSE '_' || level END
               FROM unnest(old.terms) CROSS JOIN unnest(ARRAY[1, 2, 4, 8]) AS level
               WHERE cardinality(positions) >= level
           ))
    FROM chunk_terms_before AS old JOIN lexical_base USING (base_id)"""


def upgrade() -> None:
    op.create_table(
        "lexical_base",
        sa.Column("number", AUTO_ID, nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("terms", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_lexical_base"),
        sa.UniqueConstraint("base_id", name="uq_lexical_base_base_id"),
        sqlite_autoincrement=True,  # a number is never given twice
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        op.execute("DROP TABLE chunk_terms_vocab")
    op.execute("ALTER TABLE chunk_terms RENAME TO chunk_terms_before")
    if on_sqlite:
        _move_on_sqlite()
    else:
        _move_on_postgresql()
    op.execute("DROP TABLE chunk_terms_before")
    op.execute("DELETE FROM lexical_base WHERE chunks = 0")


def _move_on_postgresql() -> None:
    op.execute("DROP INDEX ix_chunk_terms_terms")
    op.execute(POSTGRESQL)
    op.execute(
        "INSERT INTO lexical_base (base_id, chunks, terms, changes)"
        " SELECT base_id, count(*), 0, 1 FROM chunk_terms_before GROUP BY base_id"
    )
    op.execute(POSTGRESQL_MOVE)
    op.execute(
        "UPDATE lexical_base"
        " SET terms = (SELECT coalesce(sum(size), 0) FROM chunk_terms WHERE base = number)"
    )
    op.execute(POSTGRESQL_INDEX)


def _move_on_sqlite() -> None:
    """Without the chunks that search passes over already."""
    for statement in SQLITE:
        op.execute(statement)
    op.execute(
        "INSERT INTO lexical_base (base_id, chunks, terms, changes)"
        " SELECT DISTINCT base, 0, 0, 1 FROM chunk_terms_before"
    )
    connection = op.get_bind()
    numbers = sa.text("SELECT base_id, number FROM lexical_base")
    number_of = {row.base_id: row.number for row in connection.execute(numbers)}
    for rows in _rows_on_sqlite(connection):
        moved = [(row.id, number_of[row.base], row.terms.split()) for row in rows]
        connection.execute(
            sa.text(
                'INSERT INTO chunk_terms (rowid, "1", "2", "4", "8")'
                " VALUES (:id, :at1, :at2, :at4, :at8)"
            ),
            [{"id": id_, **_columns(base, terms)} for id_, base, terms in moved],
        )
        connection.execute(
            sa.text("INSERT INTO chunk_terms_size VALUES (:id, :base, :size)"),
            [{"id": id_, "base": base, "size": len(terms)} for id_, base, terms in moved],
        )
    op.execute(
        "UPDATE lexical_base"
        " SET chunks = (SELECT count(*) FROM chunk_terms_size WHERE base = number),"
        " terms = (SELECT coalesce(sum(size), 0) FROM chunk_terms_size WHERE base = number)"
    )
    op.execute("DELETE FROM lexical_removal")


def _rows_on_sqlite(connection: sa.Connection) -> Iterator[list[sa.Row[tuple[int, str, str]]]]:
    query = sa.text(
        "SELECT rowid AS id, base, terms FROM chunk_terms_before WHERE rowid > :after"
        " AND rowid NOT IN (SELECT chunk_id FROM lexical_removal) ORDER BY rowid LIMIT :limit"
    )
    after = -1
    while rows := list(connection.execute(query, {"after": after, "limit": ROWS_AT_ONCE})):
        after = rows[-1].id
        yield rows


def _columns(base: int, terms: list[str]) -> dict[str, str]:
    counts = Counter(terms)
    return {
        f"at{level}": " ".join(f"{base}_{term}" for term, count in counts.items() if count >= level)
        for level in LEVELS
    }


def downgrade() -> None:
    """The index of before, empty: whoever starts next finds its rows missing and adds them."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        for table in ("chunk_terms_count", "chunk_terms_posting", "chunk_terms_size"):
            op.execute(f"DROP TABLE {table}")
        op.execute("DELETE FROM lexical_removal")
    op.execute("DROP TABLE chunk_terms")
    for statement in SQLITE_BEFORE if on_sqlite else POSTGRESQL_BEFORE:
        op.execute(statement)
    op.drop_table("lexical_base")
