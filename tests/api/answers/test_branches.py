"""A question asked in other words begins a branch; both are kept, one is shown."""

from typing import Any

import pytest
from sqlmodel import select

from app.db.tables import StoredMessage
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import LOCAL_OWNER as ME
from tests.api.sse import ask, events
from tests.application import RunningApi

HANDBOOK = "# 员工手册\n\n年假为每年十五天，须提前一周申请。病假每年十天，需要医院证明。\n"


@pytest.fixture
def base_id(api: RunningApi) -> str:
    return api.ingest("人事", {"员工手册.md": HANDBOOK})


class Talk:
    """A conversation, asked and read as a client does."""

    def __init__(self, api: RunningApi, model: ScriptedChatModel, base_id: str) -> None:
        self.api, self.model, self.base_id = api, model, base_id
        self.id = ""

    def ask(self, question: str, answer: str, **more: Any) -> tuple[str, str]:
        """The ids of the question and the answer."""
        self.model.enqueue(answer)
        found = ask(
            self.api.http,
            question,
            self.base_id,
            conversation_id=self.id or None,
            fresh=True,
            **more,
        )
        self.id = found["start"][0]["conversation"]["id"]
        assert found["done"][0]["message"]["content"] == answer
        return found["start"][0]["question"]["id"], found["start"][0]["answer_id"]

    def regenerate(self, answer_id: str, answer: str) -> str:
        self.model.enqueue(answer)
        body = {"regenerate": answer_id}
        found = dict(events(self.api.http, "POST", "/api/chat", json=body))
        assert found["done"]["message"]["content"] == answer
        return str(found["start"]["answer_id"])

    def show(self, message_id: str) -> None:
        self.api.http.post(f"/api/messages/{message_id}/show").raise_for_status()

    def detail(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.http.get(f"/api/conversations/{self.id}").json()
        return found

    def shown(self) -> list[str]:
        return [message["content"] for message in self.detail()["messages"]]

    def served(self) -> str:
        """What the model was given last."""
        return "\n".join(message.content for message in self.model.history[-1])


@pytest.fixture
def talk(api: RunningApi, model: ScriptedChatModel, base_id: str) -> Talk:
    return Talk(api, model, base_id)


def test_an_edited_question_begins_a_branch_and_the_old_one_is_kept(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    second, _ = talk.ask("病假几天？", "十天。")
    talk.ask("要证明吗？", "需要医院证明。")
    edited, _ = talk.ask("病假要提前申请吗？", "没有写。", edit=second)
    assert talk.shown() == ["年假几天？", "十五天。", "病假要提前申请吗？", "没有写。"]
    assert "年假几天？" in talk.served() and "病假几天？" not in talk.served()
    messages = talk.detail()["messages"]
    assert [m["siblings"] for m in messages] == [[], [], [second, edited], []]
    assert messages[0]["id"] == first

    talk.show(second)
    assert talk.shown() == [
        *("年假几天？", "十五天。", "病假几天？", "十天。", "要证明吗？", "需要医院证明。"),
    ]
    talk.ask("谁来开证明？", "医院。")
    assert "要证明吗？" in talk.served() and "病假要提前申请吗？" not in talk.served()


def test_a_choice_further_down_is_remembered(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    second, _ = talk.ask("病假几天？", "十天。")
    talk.ask("事假几天？", "没有写。", edit=second)
    talk.show(second)
    other, _ = talk.ask("婚假几天？", "没有写。", edit=first)
    assert talk.shown() == ["婚假几天？", "没有写。"]
    talk.show(first)
    assert talk.shown() == ["年假几天？", "十五天。", "病假几天？", "十天。"]
    talk.show(other)
    assert talk.shown() == ["婚假几天？", "没有写。"]


def test_the_title_follows_the_first_question_until_a_person_writes_one(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    talk.ask("病假几天？", "十天。", edit=first)
    assert talk.detail()["title"] == "病假几天？"
    talk.show(first)
    assert talk.detail()["title"] == "年假几天？"
    path = f"/api/conversations/{talk.id}"
    talk.api.http.patch(path, json={"title": "假期"}).raise_for_status()
    talk.ask("婚假几天？", "没有写。", edit=first)
    assert talk.detail()["title"] == "假期"


def test_search_finds_what_is_shown(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    path = f"/api/conversations/{talk.id}"
    talk.api.http.patch(path, json={"title": "假期"}).raise_for_status()
    talk.ask("病假几天？", "十天。", edit=first)

    def found(words: str) -> int:
        return int(talk.api.http.get("/api/conversations", params={"q": words}).json()["total"])

    assert (found("病假"), found("年假")) == (1, 0)
    talk.show(first)
    assert (found("病假"), found("年假")) == (0, 1)


def test_the_history_holds_the_variant_that_was_followed(talk: Talk) -> None:
    _, answer = talk.ask("年假几天？", "十五天。")
    other = talk.regenerate(answer, "每年有十五天。")
    talk.ask("要提前多久？", "一周。", parent_id=answer)
    assert "十五天。" in talk.served() and "每年有十五天。" not in talk.served()
    talk.ask("谁来批准？", "没有写。", parent_id=other)
    assert "每年有十五天。" in talk.served()
    assert talk.shown() == ["年假几天？", "十五天。", "每年有十五天。", "谁来批准？", "没有写。"]


def test_an_answer_without_text_is_not_built_on(talk: Talk) -> None:
    _, answer = talk.ask("年假几天？", "十五天。")
    failed = dict(events(talk.api.http, "POST", "/api/chat", json={"regenerate": answer}))
    assert "error" in failed
    talk.ask("要提前多久？", "一周。", parent_id=failed["start"]["answer_id"])
    assert "十五天。" in talk.served()
    assert talk.detail()["messages"][-2]["parent_id"] == answer


def test_an_answer_of_a_hidden_branch_is_regenerated_with_its_own_history(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    _, sick = talk.ask("病假几天？", "十天。")
    talk.ask("婚假几天？", "没有写。", edit=first)
    again = talk.regenerate(sick, "每年十天。")
    assert "年假几天？" in talk.served() and "婚假几天？" not in talk.served()
    assert talk.shown() == ["年假几天？", "十五天。", "病假几天？", "十天。", "每年十天。"]
    assert talk.detail()["messages"][-1]["id"] == again


def test_replaying_and_exporting_use_the_history_of_the_own_branch(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    _, sick = talk.ask("病假几天？", "十天。")
    _, other = talk.ask("婚假几天？", "没有写。", edit=first)
    for answer_id in (sick, other):
        path = f"/api/messages/{answer_id}/feedback"
        talk.api.http.put(path, json={"rating": "up"}).raise_for_status()
    talk.model.enqueue("十天。")
    replayed = talk.api.http.post(f"/api/messages/{sick}/replay").json()
    assert replayed["same"] is True
    assert "年假几天？" in talk.served() and "婚假几天？" not in talk.served()
    lines = talk.api.http.get("/api/export", params={"format": "messages"}).text.splitlines()
    (of_sick,) = (line for line in lines if "病假几天？" in line)
    (of_other,) = (line for line in lines if "婚假几天？" in line)
    assert "年假几天？" in of_sick and "婚假几天？" not in of_sick
    assert "年假几天？" not in of_other and "病假几天？" not in of_other
    rated = talk.api.http.get("/api/feedback", params={"limit": 10}).json()["items"]
    assert {item["question"] for item in rated} == {"病假几天？", "婚假几天？"}


def test_what_a_person_takes_along_has_all_branches_and_says_which_is_shown(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    talk.ask("病假几天？", "十天。", edit=first)
    exported = talk.api.application.leaving.export(ME, ME.person_id)
    (conversation,) = exported["conversations"]
    messages = [(m["content"], m["shown"]) for m in conversation["messages"]]
    assert messages == [
        *(("年假几天？", False), ("病假几天？", True), ("十五天。", False), ("十天。", True)),
    ]
    parents = {message["id"]: message["parent_id"] for message in conversation["messages"]}
    assert parents[first] is None


def test_deleting_a_conversation_deletes_all_branches(talk: Talk) -> None:
    first, _ = talk.ask("年假几天？", "十五天。")
    talk.ask("病假几天？", "十天。", edit=first)
    talk.api.http.delete(f"/api/conversations/{talk.id}").raise_for_status()
    with talk.api.application.db.read() as session:
        assert session.exec(select(StoredMessage.id)).all() == []


def test_a_place_that_is_none_is_refused(talk: Talk) -> None:
    question, answer = talk.ask("年假几天？", "十五天。")

    def refused(**body: object) -> tuple[int, str]:
        sent = {"question": "病假？", "base_ids": [talk.base_id], **body}
        response = talk.api.http.post("/api/chat", json=sent)
        return response.status_code, response.json()["code"]

    assert refused(edit=answer) == (422, "not_a_question")
    assert refused(parent_id=question) == (422, "not_an_answer")
    assert refused(parent_id=answer, edit=question) == (422, "one_place")
    assert refused(regenerate=answer, edit=question) == (422, "one_place")
    assert refused(edit="none") == (404, "not_found")
    assert refused(parent_id="none", conversation_id=talk.id) == (404, "not_found")
    elsewhere, talk.id = talk.id, ""
    talk.ask("病假几天？", "十天。")
    assert refused(edit=question, conversation_id=talk.id) == (404, "not_found")
    with talk.api.application.db.write() as session:
        last = session.get_one(StoredMessage, answer)
        last.state = "streaming"
        session.add(last)
    assert refused(edit=question, conversation_id=elsewhere) == (409, "answer_running")
    shown = talk.api.http.post(f"/api/messages/{question}/show")
    assert (shown.status_code, shown.json()["code"]) == (409, "answer_running")
    assert talk.api.http.post("/api/messages/none/show").status_code == 404


def test_pinned_conversations_come_first(talk: Talk) -> None:
    talk.ask("年假几天？", "十五天。")
    old, talk.id = talk.id, ""
    talk.ask("病假几天？", "十天。")
    http = talk.api.http
    before = http.get(f"/api/conversations/{old}").json()["updated_at"]
    pinned = http.patch(f"/api/conversations/{old}", json={"pinned": True}).json()
    assert (pinned["pinned"], pinned["updated_at"]) == (True, before)
    items = http.get("/api/conversations").json()["items"]
    assert [(item["id"], item["pinned"]) for item in items] == [(old, True), (talk.id, False)]
    http.patch(f"/api/conversations/{old}", json={"pinned": False}).raise_for_status()
    items = http.get("/api/conversations").json()["items"]
    assert [item["id"] for item in items] == [talk.id, old]
