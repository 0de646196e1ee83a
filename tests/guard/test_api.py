"""The API refuses what a web page of somebody else sends it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from tests.application import RunningApi, running_api

FOREIGN_HOSTS = ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "203.0.113.9"]
OTHER_APP = "http://127.0.0.1:3000"  # on the same machine, and still somebody else's page
FOREIGN_ORIGINS = ["https://evil.example", "null", OTHER_APP, "chrome-extension://abc"]
PATHS = ["/api/bases", "/docs", "/openapi.json", "/healthz", "/nowhere"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """One for all tests: a refused request leaves nothing behind."""
    with running_api(tmp_path_factory.mktemp("api")) as running:
        yield running


def names(api: RunningApi) -> list[str]:
    return [base["name"] for base in api.http.get("/api/bases").json()]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_reads_nothing(api: RunningApi, host: str) -> None:
    """DNS rebinding: the attacker's name points at this machine, and the browser keeps the name."""
    for path in PATHS:
        answer = api.http.get(path, headers={"Host": host})
        assert answer.status_code == 421, path
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["status"], problem["code"]) == (421, "host_not_allowed")
        assert problem["instance"] == path
        assert "ZHIWEN_ALLOWED_HOSTS" in problem["detail"]


def test_a_foreign_host_writes_nothing(api: RunningApi) -> None:
    foreign = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert api.http.post("/api/bases", json={"name": "外"}, headers=foreign).status_code == 421
    assert "外" not in names(api)


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_foreign_page_creates_no_base(api: RunningApi, origin: str) -> None:
    answer = api.http.post("/api/bases", json={"name": "外"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "origin_not_allowed"
    assert "ZHIWEN_ALLOWED_ORIGINS" in answer.json()["detail"]
    assert "外" not in names(api)


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_foreign_page_uploads_no_file(api: RunningApi, origin: str) -> None:
    """Browsers send multipart without asking first (a "simple request" of the Fetch standard)."""
    base_id = api.http.post("/api/bases", json={"name": origin}).json()["id"]
    path, file = f"/api/bases/{base_id}/documents", {"file": ("a.md", b"a" * 3_000_000)}
    refused = api.http.post(path, files=file, headers={"Origin": origin})
    assert refused.status_code == 403
    assert api.http.get(path).json()["total"] == 0


def test_a_foreign_page_is_told_nothing_before_it_asks(api: RunningApi) -> None:
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    answer = api.http.options("/api/bases", headers=preflight)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_openai_clients_get_the_refusal_in_their_shape(api: RunningApi) -> None:
    for headers, code in (
        ({"Host": "evil.example"}, "host_not_allowed"),
        ({"Origin": "https://evil.example"}, "origin_not_allowed"),
    ):
        error = api.http.get("/v1/models", headers=headers).json()["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", code)


@pytest.mark.parametrize("host", ["localhost", "LocalHost.", "127.0.0.1", "127.0.0.2", "[::1]"])
def test_loopback_is_answered_by_every_name_and_port(api: RunningApi, host: str) -> None:
    for port in ("", ":8000", ":49152"):  # a forwarded port differs from the bound one
        assert api.http.get("/api/bases", headers={"Host": host + port}).status_code == 200


def test_its_own_pages_and_programs_pass(api: RunningApi) -> None:
    own = {"Origin": api.url}  # as /docs sends it
    base = api.http.post("/api/bases", json={"name": "网页"}, headers=own)
    assert base.status_code == 201
    path = f"/api/bases/{base.json()['id']}/documents"
    upload = api.http.post(path, files={"file": ("a.md", b"a")}, headers=own)
    assert upload.status_code == 202
    assert api.http.post("/api/bases", json={"name": "程序"}).status_code == 201
    behind_tls = {"Host": "localhost", "Origin": "https://localhost"}
    assert api.http.get("/api/bases", headers=behind_tls).status_code == 200


def test_refusals_are_counted(api: RunningApi) -> None:
    api.http.get("/api/bases", headers={"Host": "evil.example"})
    metrics = api.http.get("/metrics").text
    assert 'zhiwen_errors_total{kind="host_not_allowed",source="http"}' in metrics


@pytest.mark.parametrize("path", ["/api/bases", "/docs", "/nowhere", "/v1/models"])
def test_answers_are_neither_framed_nor_sniffed(api: RunningApi, path: str) -> None:
    for headers in ({}, {"Host": "evil.example"}):
        answer = api.http.get(path, headers=headers)
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"


def test_a_downloaded_file_says_it_once(api: RunningApi) -> None:
    base_id = api.ingest("页", {"a.html": "<script>alert(1)</script>"})
    (document,) = api.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    file = api.http.get(f"/api/documents/{document['id']}/file")
    assert file.headers.get_list("x-content-type-options") == ["nosniff"]


def test_names_and_pages_in_the_settings_pass(tmp_path: Path) -> None:
    with running_api(
        tmp_path,
        allowed_hosts="zhiwen.example, *.corp.example",
        allowed_origins="https://Portal.example/",
        api_url="http://gateway.example:8000",
    ) as api:
        for host in ("zhiwen.example", "a.b.corp.example:8000", "gateway.example:8000"):
            assert api.http.get("/api/bases", headers={"Host": host}).status_code == 200
        for host in ("corp.example", "evilcorp.example", "portal.example"):
            assert api.http.get("/api/bases", headers={"Host": host}).status_code == 421

        page = {"Origin": "https://portal.example"}
        made = api.http.post("/api/bases", json={"name": "库"}, headers=page)
        assert made.status_code == 201
        assert made.headers["access-control-allow-origin"] == page["Origin"]
        ancestors = made.headers["content-security-policy"]
        assert ancestors == "frame-ancestors 'self' https://portal.example"
        ask = {**page, "Access-Control-Request-Method": "DELETE"}
        assert api.http.options("/api/bases/x", headers=ask).status_code == 200
        http = {"Origin": "http://portal.example"}
        assert api.http.get("/api/bases", headers=http).status_code == 403


def test_bound_to_all_addresses_any_address_passes_and_no_foreign_name(tmp_path: Path) -> None:
    """Nobody can point an address elsewhere: only names are rebound."""
    with running_api(tmp_path, api_host="0.0.0.0") as api:  # noqa: S104  # what is tested
        for host in ("192.0.2.7:8000", "[2001:db8::7]:8000", "localhost"):
            assert api.http.get("/api/bases", headers={"Host": host}).status_code == 200
        assert api.http.get("/api/bases", headers={"Host": "evil.example"}).status_code == 421
        foreign = {"Host": "192.0.2.7:8000", "Origin": "http://192.0.2.8:8000"}
        assert api.http.get("/api/bases", headers=foreign).status_code == 403


@pytest.mark.parametrize(
    "given",
    [
        {"allowed_hosts": "https://zhiwen.example"},
        {"allowed_hosts": "zhiwen.example:8000"},
        {"allowed_hosts": "a b"},
        {"allowed_hosts": "zhi*.example"},
        {"allowed_origins": "zhiwen.example"},
        {"allowed_origins": "https://zhiwen.example/path"},
        {"allowed_origins": "*"},
        {"allowed_origins": "null"},
    ],
)
def test_a_wrong_setting_ends_the_start(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"e\.g\."):
        Settings.model_validate(given)


def test_settings_of_several_values_reach_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"allowed_hosts": "a.example,b.example", "allowed_origins": "https://a.example"}
    for name, value in Settings.model_validate(given).as_environment().items():
        monkeypatch.setenv(name, value)
    there = Settings(_env_file=None)
    assert there.allowed_hosts == ("a.example", "b.example")
    assert there.allowed_origins == ("https://a.example",)
