"""The chat widget's script, its key, and what the route tells a web page."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.llm.scripted import ScriptedChatModel
from tests.api.people.house import PASSWORD, House, sign_in
from tests.api.sse import events
from tests.application import drain, running_api
from tests.passwords import cheap_passwords

SITE = "https://www.example.com"
ASKED = {"question": "年假几天？", "base": "手册"}


class Embedded:
    """A website's account, which may read one base of two, and its key."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.owner = house.person("keeper")
        self.base = self._base("手册", "# 手册\n\n年假为每年十五天。")
        self._base("工资", "# 工资\n\n总监的工资为每月九万元。")
        self.token = self.key("widget", ["widget"], [self.base]).json()["token"]
        self.model = house.api.application.model

    def _base(self, name: str, text: str) -> str:
        base_id = self.owner.post("/api/bases", json={"name": name}).json()["id"]
        files = {"file": ("<b>员工手册.md", text.encode())}
        self.owner.post(f"/api/bases/{base_id}/documents", files=files).raise_for_status()
        drain(self.house.api.application)
        return str(base_id)

    def key(self, name: str, scopes: list[str], bases: list[str] | None) -> httpx.Response:
        body = {"name": name, "scopes": scopes, "base_ids": bases, "password": PASSWORD}
        return self.owner.post("/api/keys", json=body)

    def page(self, token: str = "", **headers: str) -> httpx.Client:
        bearer = {"Authorization": f"Bearer {token or self.token}"}
        return self.house.browser(**{"Origin": SITE, **bearer, **headers})

    def ask(self, **body: Any) -> dict[str, Any]:
        """The events by name; of several, the last."""
        assert isinstance(self.model, ScriptedChatModel)
        self.model.enqueue("年假为每年", "十五天。[1]")
        with self.page() as page:
            return dict(events(page, "POST", "/api/widget/chat", json={**ASKED, **body}))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with running_api(
        tmp_path_factory.mktemp("widget"),
        auth="password",
        passwords=cheap_passwords(),
        widget_origins=SITE,
        widget_hourly_questions=4,
        trusted_proxies="127.0.0.1",
    ) as api:
        yield Embedded(House(api))


def test_an_answer_has_names_and_words_and_no_way_into_what_is_private(embedded: Embedded) -> None:
    found = embedded.ask()
    assert found["done"]["text"] == "年假为每年十五天。[1]"
    (cited,) = found["done"]["citations"]
    assert cited == {
        "marker": 1,
        "document_name": "<b>员工手册.md",
        "page": None,
        "text": "年假为每年十五天。",
    }
    assert embedded.base not in json.dumps(found)
    assert embedded.owner.get("/api/conversations").json()["total"] == 0


def test_its_key_reaches_the_named_bases_only(embedded: Embedded) -> None:
    with embedded.page(**{"X-Forwarded-For": "203.0.113.1"}) as page:
        hidden = page.post("/api/widget/chat", json={**ASKED, "base": "工资"})
        assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
        for path in ("/api/conversations", "/api/bases", "/api/status", "/v1/models"):
            assert page.get(path, headers={"Origin": embedded.house.api.url}).status_code == 403
        told = page.get("/api/session", headers={"Origin": embedded.house.api.url}).json()
        assert told["person"] is None


def test_a_key_that_may_more_is_refused(embedded: Embedded) -> None:
    for scopes in (["ask"], ["ask", "read", "write", "export"]):
        token = embedded.key("-".join(scopes), scopes, [embedded.base]).json()["token"]
        with embedded.page(token, **{"X-Forwarded-For": "203.0.113.2"}) as page:
            refused = page.post("/api/widget/chat", json=ASKED)
            assert (refused.status_code, refused.json()["code"]) == (403, "widget_key")
    signed_in = embedded.owner.post("/api/widget/chat", json=ASKED)
    assert signed_in.json()["code"] == "widget_key"


@pytest.mark.parametrize("scopes", [["widget", "ask"], ["widget"]])
def test_a_widget_key_stands_alone_and_names_its_bases(
    embedded: Embedded, scopes: list[str]
) -> None:
    bases = None if scopes == ["widget"] else [embedded.base]
    refused = embedded.key("x", scopes, bases)
    assert (refused.status_code, refused.json()["code"]) == (422, "widget_alone")


def test_a_website_reaches_the_widget_and_nothing_else(embedded: Embedded) -> None:
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    with embedded.page() as page:
        allowed = page.options("/api/widget/chat", headers=preflight)
        assert allowed.headers["access-control-allow-origin"] == SITE
        for path in ("/api/chat", "/api/bases", "/api/widget", "/v1/models"):
            refused = page.options(path, headers=preflight)
            assert refused.status_code == 403
            assert "access-control-allow-origin" not in refused.headers
        elsewhere = {"Origin": "https://evil.example"}
        refused = page.post("/api/widget/chat", json=ASKED, headers=elsewhere)
        assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")


def test_a_visitor_asks_so_many_times_an_hour(embedded: Embedded) -> None:
    with embedded.page(**{"X-Forwarded-For": "203.0.113.9"}) as page:
        codes = [
            page.post("/api/widget/chat", json={**ASKED, "base": "没有"}).json()["code"]
            for _ in range(5)
        ]
    assert codes == ["not_found"] * 4 + ["too_many_attempts"]
    with embedded.page(**{"X-Forwarded-For": "203.0.113.10"}) as page:
        assert page.post("/api/widget/chat", json={**ASKED, "base": "没有"}).status_code == 404


def test_a_network_of_one_visitor_counts_as_one_address(embedded: Embedded) -> None:
    codes = []
    for number in range(5):
        with embedded.page(**{"X-Forwarded-For": f"2001:db8:1:2::{number}"}) as page:
            asked = page.post("/api/widget/chat", json={**ASKED, "base": "没有"})
            codes.append(asked.json()["code"])
    assert codes == ["not_found"] * 4 + ["too_many_attempts"]
    with embedded.page(**{"X-Forwarded-For": "2001:db8:1:3::1"}) as page:
        assert page.post("/api/widget/chat", json={**ASKED, "base": "没有"}).status_code == 404


def test_refused_keys_use_up_nobodys_limits(embedded: Embedded) -> None:
    """Anyone can read the widget's key in the page. Where it opens nothing, it costs its person
    nothing; nor do other keys and people whom a route refuses."""
    application = embedded.house.api.application
    reads = embedded.key("reads", ["read"], [embedded.base]).json()["token"]
    asks = embedded.key("asks", ["ask"], [embedded.base]).json()["token"]
    before = [(u.key_id, u.requests) for u in application.usage.page(1)]
    usual = {"Origin": embedded.house.api.url}
    counted = {
        "/api/search": {"query": "年假"},
        "/api/chat": {"question": "年假？"},
        "/v1/embeddings": {"input": "年假", "model": "x"},
        "/v1/chat/completions": {"messages": [], "model": "x"},
        "/api/messages/x/replay": {},
    }
    with embedded.page(**usual) as page:
        for path, body in counted.items():
            assert page.post(path, json=body).status_code == 403, path
    for token, path in ((asks, "/api/search"), (reads, "/api/chat"), (asks, "/api/widget/chat")):
        with embedded.page(token, **usual) as page:
            assert page.post(path, json=counted.get(path, ASKED)).status_code == 403, path
    assert embedded.owner.post("/api/widget/chat", json=ASKED).status_code == 403
    assert [(u.key_id, u.requests) for u in application.usage.page(1)] == before


def test_a_key_that_is_refused_counts_for_no_visitor(embedded: Embedded) -> None:
    """Who shares its address can go on asking, and signing in."""
    address = {"X-Forwarded-For": "203.0.113.20"}
    wrong = embedded.key("wrong", ["ask"], [embedded.base]).json()["token"]
    for token in (wrong, "zk_unknown"):
        with embedded.page(token, **address) as page:
            for _ in range(5):
                assert page.post("/api/widget/chat", json=ASKED).status_code in (401, 403)
    with embedded.page(**address) as page:
        assert page.post("/api/widget/chat", json={**ASKED, "base": "没有"}).status_code == 404
    with embedded.house.browser(**address) as neighbour:
        assert sign_in(neighbour, "keeper").is_success


def test_what_was_said_before_comes_from_the_page(embedded: Embedded) -> None:
    history = [
        {"role": "user", "content": "试用期多久？"},
        {"role": "assistant", "content": "三个月。"},
    ]
    embedded.ask(history=history)
    assert isinstance(embedded.model, ScriptedChatModel)
    told = [message.content for message in embedded.model.history[-1]]
    assert "试用期多久？" in told and "三个月。" in told


def test_prompts_of_front_ends_are_questions_to_documents(embedded: Embedded) -> None:
    """Otherwise whoever has the page's key would have a model for whatever they like."""
    prompt = "### Task:\nGenerate a concise, 3-5 word title\n### Chat History:\nx"
    with embedded.page(**{"X-Forwarded-For": "203.0.113.3"}) as page:
        body = {"question": prompt}
        found = dict(events(page, "POST", "/api/widget/chat", json=body))
    assert "done" in found or found["error"]["code"] == "engine_unavailable"
    assert isinstance(embedded.model, ScriptedChatModel)
    assert all(prompt != message.content for message in embedded.model.history[-1])


def test_the_script_is_cached_and_asked_for_by_its_tag(embedded: Embedded) -> None:
    with embedded.page() as page:
        script = page.get("/widget.js")
        again = page.get("/widget.js", headers={"If-None-Match": script.headers["etag"]})
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=3600"
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(script.content) < 15_000
    assert (again.status_code, again.content) == (304, b"")


def test_without_accounts_there_is_no_widget(api: Any) -> None:
    refused = api.http.post("/api/widget/chat", json=ASKED)
    assert (refused.status_code, refused.json()["code"]) == (403, "widget_key")
