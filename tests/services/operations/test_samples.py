from pathlib import Path

from app.services.operations.samples import (
    NAME,
    ensure_sample_base,
    sample_files,
    will_create_sample_base,
)
from tests.services.conftest import House


def start(house: House, data_dir: Path) -> None:
    ensure_sample_base(data_dir, house.bases, house.documents)


def test_the_sample_base_is_created_once(house: House, tmp_path: Path) -> None:
    assert will_create_sample_base(tmp_path)
    start(house, tmp_path)
    assert not will_create_sample_base(tmp_path)
    start(house, tmp_path)
    (sample,) = house.bases.all()
    assert (sample.base.name, sample.document_count) == (NAME, len(sample_files()))
    house.drain()
    (sample,) = house.bases.all()
    assert sample.ready_count == sample.document_count > 0


def test_a_deleted_sample_base_stays_away(house: House, tmp_path: Path) -> None:
    start(house, tmp_path)
    house.documents.delete_base(house.bases.all()[0].base.id)
    start(house, tmp_path)
    assert house.bases.all() == []


def test_people_who_have_bases_already_get_none(house: House, tmp_path: Path) -> None:
    house.base("合同")
    start(house, tmp_path)
    assert [summary.base.name for summary in house.bases.all()] == ["合同"]


def test_a_start_that_broke_off_in_the_middle_is_made_good(house: House, tmp_path: Path) -> None:
    """Killed after the base and its first document, before the marker."""
    base = house.bases.create(NAME).base
    name, data = sample_files()[0]
    house.documents.accept_bytes(base.id, name, data)

    start(house, tmp_path)

    (sample,) = house.bases.all()
    assert sample.document_count == len(sample_files())
    assert not will_create_sample_base(tmp_path)
