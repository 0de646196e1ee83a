from pathlib import Path

from app.services.operations.samples import (
    NAME,
    ensure_sample_base,
    sample_files,
    will_create_sample_base,
)
from app.services.people.access import LOCAL_OWNER as ME
from app.services.people.access import Access, Role
from app.services.people.sharing import Sharing
from tests.services.conftest import Application


def start(application: Application, data_dir: Path) -> None:
    sharing = Sharing(application.db)
    ensure_sample_base(data_dir, application.bases, application.documents, sharing)


def test_the_sample_base_is_created_once(application: Application, tmp_path: Path) -> None:
    assert will_create_sample_base(tmp_path)
    start(application, tmp_path)
    assert not will_create_sample_base(tmp_path)
    start(application, tmp_path)
    (sample,) = application.bases.all(ME)
    assert (sample.base.name, sample.document_count) == (NAME, len(sample_files()))
    application.drain()
    (sample,) = application.bases.all(ME)
    assert sample.ready_count == sample.document_count > 0
    newcomer = Access("new", "new")
    assert [(s.base.name, s.role) for s in application.bases.all(newcomer)] == [(NAME, Role.READER)]


def test_a_deleted_sample_base_stays_away(application: Application, tmp_path: Path) -> None:
    start(application, tmp_path)
    application.documents.delete_base(ME, application.bases.all(ME)[0].base.id)
    start(application, tmp_path)
    assert application.bases.all(ME) == []


def test_people_who_have_bases_already_get_none(application: Application, tmp_path: Path) -> None:
    application.base("合同")
    start(application, tmp_path)
    assert [summary.base.name for summary in application.bases.all(ME)] == ["合同"]


def test_a_start_that_broke_off_in_the_middle_is_made_good(
    application: Application, tmp_path: Path
) -> None:
    """Killed after the base and its first document, before the marker."""
    base = application.bases.create(ME, NAME).base
    name, data = sample_files()[0]
    application.documents.accept_bytes(ME, base.id, name, data)

    start(application, tmp_path)

    (sample,) = application.bases.all(ME)
    assert sample.document_count == len(sample_files())
    assert not will_create_sample_base(tmp_path)
