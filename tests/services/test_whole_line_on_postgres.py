"""From an upload to a training pair, with everything in PostgreSQL."""

import json
from pathlib import Path

import pytest

from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask
from tests.application import running_api
from tests.postgres import fresh_database
from tests.services.conftest import HANDBOOK


@pytest.mark.parametrize("vectors", [None, "pgvector"])
def test_upload_ask_rate_export(tmp_path: Path, postgres_server: str, vectors: str | None) -> None:
    model = ScriptedChatModel()
    with (
        fresh_database(postgres_server) as url,
        running_api(tmp_path / "data", model=model, database_url=url, vectors=vectors) as api,
    ):
        base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
        documents = api.http.get(f"/api/bases/{base_id}/documents").json()
        assert [d["state"] for d in documents["items"]] == ["ready"]

        model.enqueue("年假为每年", "十五天，须提前一周申请。")
        found = ask(api.http, "年假有几天？", base_id)
        message = found["done"][0]["message"]
        (citation,) = message["citations"]
        text = api.http.get(
            f"/api/documents/{citation['document_id']}/text",
            params={"start": citation["start"], "end": citation["end"]},
        ).json()["text"]
        assert text == "年假为每年十五天，须提前一周申请。"

        rated = api.http.put(
            f"/api/messages/{message['id']}/feedback",
            json={"rating": "down", "reason": "wrong", "correction": "每年十五天[1]。"},
        )
        assert rated.status_code == 200
        pair = json.loads(api.http.get("/api/export", params={"format": "dpo"}).text)
        assert pair["chosen"][-1]["content"] == "每年十五天[1]。"
        assert pair["rejected"][-1]["content"] == message["content"]

        listed = api.http.get("/api/conversations", params={"q": "年假"}).json()
        assert listed["total"] == 1
        status = api.http.get("/api/status").json()
        (database,) = [part for part in status["components"] if part["name"] == "database"]
        assert (database["ok"], database["detail"]) == (True, "postgresql")
        (indexes,) = [part for part in status["components"] if part["name"] == "indexes"]
        assert indexes["ok"]
        assert (vectors or "faiss") in indexes["detail"]
        assert api.http.get("/api/check").json()["now"] == []
        assert api.http.delete(f"/api/bases/{base_id}").status_code == 204
    assert not (tmp_path / "data" / "zhiwen.db").exists()
    assert vectors is None or not (tmp_path / "data" / "indexes").exists()
