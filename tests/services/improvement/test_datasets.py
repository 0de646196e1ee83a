"""Data sets from the database, kept in a file that nobody may change."""

from pathlib import Path

import pytest

from app.db.tables import ApprovedAnswer
from app.services.errors import Conflict, Invalid, NotFound
from app.services.improvement.datasets import DataSets
from app.services.people.access import LOCAL_OWNER as ME
from tests.services.conftest import Application
from tests.services.improvement.rated import rate
from tests.tuning.test_dataset import HELD_OUT, TRAINED


@pytest.fixture
def datasets(application: Application, tmp_path: Path) -> DataSets:
    return DataSets(application.db, tmp_path / "datasets")


def test_ratings_become_a_data_set_with_a_card(datasets: DataSets) -> None:
    for n in range(6):
        rate(datasets.db, n, TRAINED[n % 3])
    corrected = rate(datasets.db, 6, TRAINED[3], correction="正确的回答是七天。")
    rate(datasets.db, 7, HELD_OUT[0])
    rate(datasets.db, 8, TRAINED[0], prompt_id="qa-5/extract")
    with datasets.db.write() as session:
        session.add(
            ApprovedAnswer(
                question="？",
                answer="批准的回答是八天。",
                embedder="",
                vector=b"",
                message_id=corrected,
            )
        )
    made = datasets.build(ME, "sft", "answer")
    assert made.card["rows"] == {"train": 9, "held_out": 2}
    assert made.card["origins"] == {"approved": 1, "rating": 7, "refusal": 3}
    assert made.card["left_out"] == {"other_style": 1}
    assert made.card["restrictions"] == {"base_ids": ["b1"]}
    rows = datasets.rows(made.name)
    assert "批准的回答是八天。" in [row.target for row in rows.rows]
    assert "正确的回答是七天。" not in [row.target for row in rows.rows]


def test_nothing_new_is_the_same_version_and_more_is_another(datasets: DataSets) -> None:
    rate(datasets.db, 0, TRAINED[0])
    first = datasets.build(ME, "sft", "answer")
    assert datasets.build(ME, "sft", "answer").name == first.name
    rate(datasets.db, 1, TRAINED[1])
    second = datasets.build(ME, "sft", "answer")
    assert [each.name for each in datasets.all(ME)] == [second.name, first.name]
    assert "年假天数第1条是怎么规定的？" in datasets.compare(ME, first.name, second.name).added


def test_nothing_to_train_on_says_what_was_left_out(datasets: DataSets) -> None:
    with pytest.raises(Invalid, match="Left out: nothing"):
        datasets.build(ME, "sft", "answer")
    rate(datasets.db, 0, TRAINED[0], prompt_id="qa-5/extract")
    with pytest.raises(Invalid, match="1 × other_style"):
        datasets.build(ME, "sft", "answer")
    rate(datasets.db, 1, TRAINED[0])
    with pytest.raises(Invalid):
        datasets.build(ME, "sft", "answer", ["another base"])


def test_rows_that_were_changed_are_not_used(datasets: DataSets) -> None:
    rate(datasets.db, 0, TRAINED[0])
    name = datasets.build(ME, "sft", "answer").name
    path = datasets.path(name)
    path.write_bytes(path.read_bytes().replace("标准".encode(), "价格".encode()))
    with pytest.raises(Conflict, match="were changed"):
        datasets.rows(name)
    path.unlink()
    with pytest.raises(Conflict, match="are gone"):
        datasets.rows(name)
    with pytest.raises(NotFound):
        datasets.rows("sft-nothing")
