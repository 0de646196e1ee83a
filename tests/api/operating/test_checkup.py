"""The check-up of a base, by a worker with a process of its own."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.db.tables import (
    AnsweredQuestion,
    AskedBase,
    CitedDocument,
    Conversation,
    StoredDocument,
    StoredMessage,
    utc_now,
)
from app.services.people.access import LOCAL_OWNER
from app.worker.checker import Checker
from tests.application import RunningApi, running_api

LONG = "".join(f"第{n}款：申请人应当在第{n}个工作日内提交第{n}号表格。\n" for n in range(1, 40))
DOCUMENTS = {
    "手册2023版.md": "# 手册\n\n## 休假的规定\n\n年假为每年10天，须提前一周申请。",
    "手册2024版.md": "# 手册\n\n## 休假的规定\n\n年假为每年15天，须提前一周申请。",
    "常见问题.md": "# 问答\n\n## 关于年假的问答\n\n年假为每年12天，须提前一周申请。",
    "申请流程.md": f"# 申请\n\n{LONG}",
    "流程（备份）.txt": f"# 申请\n{LONG}\n",
    "表格清单.md": f"# 申请\n\n{LONG}\n另附清单一份。",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("checkup") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def base_id(api: RunningApi) -> str:
    return api.ingest("制度", dict(DOCUMENTS))


def checker(api: RunningApi) -> Checker:
    application = api.application
    return Checker(application.settings, application.jobs, "checker", application.insight.check_ups)


def run(api: RunningApi, base_id: str) -> Any:
    """Start a check-up and wait for its end."""
    path = f"/api/bases/{base_id}/check-up"
    api.http.post(path).raise_for_status()
    worker = checker(api)
    while (found := api.http.get(path).json())["job"]["state"] in ("queued", "running"):
        worker.look()
        time.sleep(0.05)
    assert found["job"]["state"] == "done", found["job"]["error_detail"]
    return found


def test_a_check_up_finds_what_is_wrong(api: RunningApi, base_id: str) -> None:
    found = run(api, base_id)
    said = [(f["kind"], [place["name"] for place in f["places"]]) for f in found["findings"]]
    assert ("superseded", ["手册2023版.md", "手册2024版.md"]) in said
    assert ("same_content", ["流程（备份）.txt", "申请流程.md"]) in said
    contradicting = [f for f in found["findings"] if f["kind"] == "contradiction"]
    texts = {place["text"] for finding in contradicting for place in finding["places"]}
    assert "年假为每年12天，须提前一周申请。" in texts
    assert any(kind == "near_same" and "表格清单.md" in names for kind, names in said)
    assert [kind for kind, _ in said] == sorted(
        (kind for kind, _ in said),
        key=["contradiction", "superseded", "same_content", "near_same", "not_findable"].index,
    )
    assert found["left_out"] == ["unused"]  # nobody has asked yet
    assert (found["documents"], found["more"]) == (6, {})


def test_ignored_findings_stay_away_until_they_are_wanted(api: RunningApi, base_id: str) -> None:
    path = f"/api/bases/{base_id}/check-up"
    key = run(api, base_id)["findings"][0]["key"]
    api.http.post(f"{path}/ignored", json={"key": key}).raise_for_status()
    again = run(api, base_id)
    assert key not in {finding["key"] for finding in again["findings"]}
    assert again["ignored"] == 1
    assert api.http.post(f"{path}/ignored", json={"key": key}).status_code == 404
    api.http.delete(f"{path}/ignored").raise_for_status()
    assert api.http.get(path).json()["ignored"] == 0


def test_findings_about_a_removed_document_are_gone(api: RunningApi) -> None:
    base_id = api.ingest(
        "两版", {"规定v1.md": "# 规定\n\n内容一。", "规定v2.md": "# 规定\n\n内容二。"}
    )
    (finding,) = run(api, base_id)["findings"]
    assert finding["kind"] == "superseded"
    api.http.delete(f"/api/documents/{finding['places'][0]['document_id']}").raise_for_status()
    assert api.http.get(f"/api/bases/{base_id}/check-up").json()["findings"] == []


def test_one_at_a_time_and_it_can_be_cancelled(api: RunningApi) -> None:
    base_id = api.ingest("取消", {"a.md": "# 一\n\n内容。"})
    path = f"/api/bases/{base_id}/check-up"
    started = api.http.post(path).json()
    assert api.http.post(path).status_code == 409
    worker = checker(api)
    worker.look()
    assert worker.run is not None
    api.http.post(f"/api/jobs/{started['job']['id']}/cancel").raise_for_status()
    while worker.run is not None:
        worker.look()
    found = api.http.get(path).json()
    assert (found["job"]["state"], found["found_at"]) == ("cancelled", None)
    assert not list((Path(api.application.settings.data_dir) / "jobs").iterdir())


def test_documents_that_nobody_needs_once_enough_was_asked(api: RunningApi) -> None:
    base_id = api.ingest("用处", {"used.md": "# 甲\n\n很有用。", "idle.md": "# 乙\n\n没有用。"})
    application = api.application
    ids = {v.document.name: v.document.id for v in _documents(api, base_id)}
    long_ago = utc_now() - timedelta(days=200)
    with application.db.write() as session:
        session.exec(update(StoredDocument).values(created_at=long_ago))
        conversation = Conversation(owner_id=LOCAL_OWNER.person_id, base_ids=[base_id])
        session.add(conversation)
        session.flush()
        for number in range(30):
            answer = StoredMessage(
                conversation_id=conversation.id, position=2 * number + 1, role="assistant"
            )
            session.add(answer)
            session.flush()
            id_, now = answer.id, utc_now()
            session.add(
                AnsweredQuestion(answer_id=id_, question_id="q", asked_at=now, outcome="answered")
            )
            session.flush()
            session.add(AskedBase(answer_id=id_, base_id=base_id, asked_at=now))
            used = ids["used.md"]
            session.add(CitedDocument(answer_id=id_, document_id=used, cited_at=now))
    found = run(api, base_id)
    assert found["left_out"] == []
    unused = [f for f in found["findings"] if f["kind"] == "unused"]
    assert [f["places"][0]["name"] for f in unused] == ["idle.md"]
    assert unused[0]["facts"] == {"days": 90, "questions": 30}


def _documents(api: RunningApi, base_id: str) -> Any:
    page = api.application.documents.page(LOCAL_OWNER, base_id, limit=10, offset=0)
    return page[0]
