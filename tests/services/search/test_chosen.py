"""Which engine is in charge is one row of the database; settings may only agree with it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlmodel import delete

from app.config import Settings
from app.db.engine import Database
from app.db.tables import InstallationChoice
from app.rag.types import Scope
from app.services.library.bases import lock_base
from app.services.library.vector_tables import bring_table
from app.services.search.chosen import VectorsElsewhere, choose
from app.services.search.vector_indexes import VectorIndexes
from app.wiring.indexes import build_indexes, settle_vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.postgres import fresh_database
from tests.services.conftest import HANDBOOK, Application
from vectorstore import EngineMissing


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server, migrated=True) as url:
        yield url


@pytest.fixture
def application(database_url: str, tmp_path: Path) -> Iterator[Application]:
    from app.db.files import LocalFiles

    db = Database(database_url)
    yield Application(db, LocalFiles(tmp_path / "files"), HashingEmbedder(), tmp_path)
    db.dispose()


def settings(application: Application, vectors: str | None = None) -> Settings:
    url = application.db.engine.url.render_as_string(hide_password=False)
    return Settings.model_validate(
        {"data_dir": application.folder, "database_url": url, "vectors": vectors}
    )


def start(application: Application, vectors: str | None = None) -> str:
    return settle_vectors(settings(application, vectors), application.db)


def test_a_new_installation_takes_what_its_settings_say(application: Application) -> None:
    assert start(application, "pgvector") == "pgvector"
    assert start(application) == "pgvector"
    with pytest.raises(VectorsElsewhere, match="zhiwen vectors move --to faiss"):
        start(application, "faiss")


def test_without_a_setting_it_is_faiss(application: Application) -> None:
    assert start(application) == start(application, "faiss") == "faiss"


def test_processes_that_start_at_once_agree(application: Application) -> None:
    with ThreadPoolExecutor(8) as processes:
        found = list(processes.map(lambda _: start(application, "pgvector"), range(8)))
    assert found == ["pgvector"] * 8


def test_what_faiss_has_is_not_left_behind_by_a_setting(application: Application) -> None:
    """As after an upgrade: there is content, and no choice yet."""
    application.add(application.base(), "手册.md", HANDBOOK)
    application.drain()
    with application.db.write() as session:
        session.exec(delete(InstallationChoice))
    with pytest.raises(VectorsElsewhere, match=r"faiss has.*zhiwen vectors move --to pgvector"):
        start(application, "pgvector")
    assert start(application) == "faiss"


def test_pgvector_without_postgresql_is_refused_with_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="VECTORS=pgvector needs ZHIWEN_DATABASE_URL=postgresql"):
        Settings.model_validate({"data_dir": tmp_path, "vectors": "pgvector"})


def test_a_user_who_may_not_enable_the_extension_reads_what_to_run(
    application: Application, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS modest")
        connection.execute("CREATE ROLE modest LOGIN")
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO modest")
    modest = application.db.engine.url.set(username="modest")
    db = Database(modest.render_as_string(hide_password=False))
    try:
        with pytest.raises(EngineMissing, match="superuser run in this database: CREATE EXTENSION"):
            settle_vectors(settings(application, "pgvector"), db)
    finally:
        db.dispose()


def searched(indexes: VectorIndexes, application: Application, base_id: str) -> int:
    query = application.embedder.embed(["年假"], kind="query")
    return len(indexes.search(query, 5, Scope((base_id,))))


def test_a_running_process_follows_the_choice(application: Application) -> None:
    base_id = application.base()
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    indexes = build_indexes(settings(application), application.db, application.embedder.name)
    for engine in ("faiss", "pgvector", "faiss"):
        with application.db.write() as session:
            choose(session, engine)
        indexes.sweep()  # looks at the choice at once
        assert indexes.engine_name == engine
        assert searched(indexes, application, base_id) == 1


def test_tables_that_are_dropped_while_a_process_still_uses_them(application: Application) -> None:
    """As when another process moves the vectors to FAISS at this moment: they stay dropped."""
    base_id = application.base()
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    start(application)
    with application.db.write() as session:
        choose(session, "pgvector")
    indexes = build_indexes(settings(application), application.db, application.embedder.name)
    assert searched(indexes, application, base_id) == 1
    engine = application.in_database().engine
    assert engine.names() == {base_id}
    with application.db.write() as session:
        choose(session, "faiss")
    engine.clear()
    assert searched(indexes, application, base_id) == 1
    assert engine.names() == set()


def test_who_creates_a_table_at_this_moment_is_waited_for(application: Application) -> None:
    """Or else it would be left behind by a move to FAISS."""
    base_id = application.base()
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    with application.db.write() as session:
        choose(session, "pgvector")
    with ThreadPoolExecutor(1) as another, application.db.write() as session:
        assert bring_table(session, lock_base(session, base_id)) is not None
        chosen = another.submit(_choose_faiss, application.db)
        with pytest.raises(TimeoutError):
            chosen.result(0.3)
    chosen.result()
    assert application.in_database().engine.names() == {base_id}


def _choose_faiss(db: Database) -> None:
    with db.write() as session:
        choose(session, "faiss")
