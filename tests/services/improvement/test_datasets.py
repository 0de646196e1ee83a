"""Data sets from the database, kept in a file that nobody may change."""

import json
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from app.cli.improving import dataset
from app.db.tables import (
    OWNER_ID,
    ApprovedAnswer,
    AuditEntry,
    BaseGrant,
    Person,
    StoredMessage,
)
from app.services.errors import Conflict, Invalid, NotFound
from app.services.improvement.datasets import DataSets
from app.services.people.access import LOCAL_OWNER as ME
from app.services.people.access import Access
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


def reviewer(application: Application, base_id: str, name: str) -> Access:
    """An administrator who may review answers from the base."""
    with application.db.write() as session:
        session.add(Person(id=name, name=name, state="active", admin=True))
        session.add(BaseGrant(base_id=base_id, subject_kind="person", subject_id=name, role=2))
    return Access(name, name, admin=True)


def test_each_of_two_people_has_their_own_of_the_same_rows(
    application: Application, datasets: DataSets
) -> None:
    base_id = application.base()
    document_id = application.add(base_id, TRAINED[0], "# 假期")
    answer_id = rate(datasets.db, 0, TRAINED[0])
    with datasets.db.write() as session:
        answer = session.get_one(StoredMessage, answer_id)
        answer.base_ids = [base_id]
        answer.passages = [{**each, "document_id": document_id} for each in answer.passages]
        session.add(answer)
    an, bo = (reviewer(application, base_id, name) for name in ("an", "bo"))
    of_an, of_bo = (datasets.build(each, "sft", "answer").name for each in (an, bo))
    for each, name in ((an, of_an), (bo, of_bo)):
        assert datasets.get(each, name).person_id == each.person_id
        assert datasets.build(each, "sft", "answer").name == name
        assert datasets.rows(name).rows
    with pytest.raises(NotFound):
        datasets.get(bo, of_an)
    with datasets.db.read() as session:
        made = select(AuditEntry).where(AuditEntry.action == "dataset.build")
        entries = session.exec(made.order_by(col(AuditEntry.id))).all()
    built = [(e.action, e.person_id, e.object_id) for e in entries]
    assert built == [("dataset.build", "an", of_an), ("dataset.build", "bo", of_bo)]


def test_what_the_shell_builds_is_nobodys(
    datasets: DataSets, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate(datasets.db, 0, TRAINED[0])
    monkeypatch.setenv("ZHIWEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ZHIWEN_DATABASE_URL", url)
    runner = CliRunner()
    made = runner.invoke(dataset.app, ["build", "--style", "answer", "--json"])
    assert made.exit_code == 0, made.output
    name = json.loads(made.output)["name"]
    with pytest.raises(NotFound):
        datasets.get(Access(OWNER_ID, "root", admin=True), name)
    assert runner.invoke(dataset.app, ["show", name]).exit_code == 0
    assert [each.name for each in datasets.all(ME)] == [name]
    with datasets.db.read() as session:
        entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.person_id, entry.person_name) == ("dataset.build", "", "shell")
