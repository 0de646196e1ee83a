"""Signing in by an app at Feishu, Lark, DingTalk and WeCom, which answer beside the service."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.api.deps import SESSION_COOKIE
from app.db.tables import PersonIdentity
from app.logs import start_logging
from app.services.people.audit import AuditFilter
from app.wiring.people import company_provider
from tests.api.people.house import House, sign_in, who
from tests.application import RunningApi, running_api
from tests.application import test_settings as settings_of
from tests.company_apps import AGENT, APP_ID, APP_SECRET, COMPANY, SECRETS, CompanyApps
from tests.passwords import cheap_passwords
from tests.serving import serving

ALL = ("feishu", "lark", "dingtalk", "wecom")
TOKEN = {
    "feishu": "/oauth/v3/token",
    "lark": "/open-apis/authen/v2/oauth/token",
    "dingtalk": "/v1.0/oauth2/userAccessToken",
    "wecom": "/cgi-bin/gettoken",
}
PERSON = {
    "feishu": "/open-apis/authen/v1/user_info",
    "lark": "/open-apis/authen/v1/user_info",
    "dingtalk": "/v1.0/contact/users/me",
    "wecom": "/cgi-bin/user/get",
}
SUBJECT = {
    **dict.fromkeys(
        ("feishu", "lark"), ("union_id", "on-d89jhsdhjsajkda7828enjdj328ydhhw3u43yjhdj")
    ),
    "dingtalk": ("unionId", "z21HjQliSzpw0Yxxxx"),
    "wecom": ("userid", "zhangsan"),
}


@dataclass(frozen=True, slots=True)
class Company:
    house: House
    there: CompanyApps
    name: str

    @property
    def begin_url(self) -> str:
        return f"/api/session/providers/{self.name}"

    def begin(self, browser: httpx.Client, next_path: str = "/") -> dict[str, str]:
        """What the browser brings back from the provider."""
        begun = browser.post(self.begin_url, json={"next": next_path})
        begun.raise_for_status()
        return self.there.sign_in(begun.json()["url"])

    def finish(self, browser: httpx.Client, params: dict[str, str]) -> httpx.Response:
        return browser.post(f"{self.begin_url}/callback", json={"params": params})

    def sign_in(self, browser: httpx.Client, next_path: str = "/") -> httpx.Response:
        return self.finish(browser, self.begin(browser, next_path))

    def refusals(self) -> list[Any]:
        audit = self.house.api.application.audit
        entries, _ = audit.page(AuditFilter(action="session.open"), limit=50, offset=0)
        return [entry.detail["why"] for entry in entries if entry.outcome == "refused"]


def settings_for(name: str, **more: object) -> dict[str, Any]:
    usual = {"auth": name, "sso_app_secret": APP_SECRET, "sso_company_id": COMPANY}
    return {**usual, "sso_app_id": APP_ID, "sso_agent_id": AGENT, **more}


@pytest.fixture
def there() -> CompanyApps:
    return CompanyApps()


def running(path: Path, there: CompanyApps, name: str, **more: object) -> Iterator[RunningApi]:
    given = settings_for(name, **more)
    with serving(there.app()) as address:
        provider = company_provider(settings_of(path, **given), address)
        passwords = cheap_passwords()
        with running_api(path, passwords=passwords, provider=provider, **given) as api:
            yield api


@pytest.fixture(params=ALL)
def company(
    tmp_path: Path, there: CompanyApps, request: pytest.FixtureRequest
) -> Iterator[Company]:
    for api in running(tmp_path / "data", there, request.param):
        yield Company(House(api), there, request.param)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_first_sign_in_creates_an_account_and_the_second_finds_it(company: Company) -> None:
    browser = company.house.browser()
    (offered,) = browser.get("/api/session").json()["providers"]
    assert (offered["name"], offered["kind"]) == (company.name, company.name)
    answer = company.sign_in(browser, "/documents?base=1")
    assert answer.json()["next"] == "/documents?base=1"
    person = who(browser)
    assert (person["display_name"], person["admin"], person["groups"]) == ("张三", False, [])
    assert person["name"] == ("zhangsan" if company.name == "wecom" else "张三")
    with company.house.api.application.db.read() as session:
        (identity,) = session.exec(select(PersonIdentity)).all()
    subject = SUBJECT[company.name][1]
    assert (identity.issuer, identity.subject) == (f"{company.name}:{COMPANY}", subject)
    company.there.person |= {"name": "张三丰", "nick": "张三丰", "email": "z@example.com"}
    again = company.house.browser()
    company.sign_in(again)
    assert who(again) == person
    sessions = company.house.api.application.sessions.of(person["id"])
    assert {session.method for session in sessions} == {company.name}


def test_people_of_another_company_stay_out(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    company.there.company = "another"
    browser = company.house.browser()
    assert code(company.sign_in(browser)) == (401, "sign_in_failed")
    assert SESSION_COOKIE not in browser.cookies
    assert company.refusals() == ["provider"]
    told = "no member of the company" if company.name == "wecom" else "the company 'another'"
    assert told in caplog.text, "whoever sets this up learns which company came"


def test_a_code_works_once_and_nothing_else_does(company: Company) -> None:
    browser = company.house.browser()
    params = company.begin(browser)
    assert company.finish(browser, params).is_success
    fresh = company.begin(browser)
    used = {**params, "state": fresh["state"]}
    assert code(company.finish(browser, used)) == (401, "sign_in_failed")
    for wrong in ({"error": "access_denied"}, {}, {"code": "", "authCode": ""}):
        fresh = company.begin(browser)
        answer = company.finish(browser, {**wrong, "state": fresh["state"]})
        assert code(answer) == (401, "sign_in_failed"), wrong


def test_an_attempt_works_in_its_own_browser_alone(company: Company) -> None:
    browser, other = company.house.browser(), company.house.browser()
    params = company.begin(browser)
    company.begin(other)
    assert code(company.finish(other, params)) == (401, "state_invalid")
    assert company.finish(browser, params).is_success
    assert code(company.finish(browser, params)) == (401, "state_invalid")


def test_a_wrong_secret_is_told_in_the_log_but_not_shown(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    unknown: tuple[int, dict[str, Any]] = (400, {"code": 20002, "error": "invalid_client"})
    refused = {
        "feishu": unknown,
        "lark": unknown,
        "dingtalk": (400, {"code": "invalidClientSecret", "message": "不合法的appSecret"}),
        "wecom": (200, {"errcode": 40001, "errmsg": f"invalid credential: {APP_SECRET}"}),
    }[company.name]
    company.there.answers[TOKEN[company.name]] = refused
    assert code(company.sign_in(company.house.browser())) == (503, "provider_unavailable")
    said = str(refused[1].get("errcode") or refused[1].get("code"))
    assert said in caplog.text


@pytest.mark.parametrize(
    "answer",
    [(200, "<html>"), (200, []), (502, {}), (302, ""), (200, {}), (200, {"code": 1, "errcode": 1})],
)
def test_whatever_a_provider_answers_is_no_error_of_ours(
    tmp_path: Path, there: CompanyApps, answer: tuple[int, Any]
) -> None:
    for name in ALL:
        for api in running(tmp_path / name, there, name):
            company = Company(House(api), there, name)
            for path in (TOKEN[name], PERSON[name]):
                there.answers = {path: answer}
                finished = company.sign_in(company.house.browser())
                assert finished.status_code in {401, 503}, (name, path)
                assert "zhiwen_session" not in finished.headers.get("set-cookie", "")


@pytest.mark.parametrize("subject", ["", 7, "a" * 256, "a\x00b"])
def test_a_subject_is_a_line_of_text(company: Company, subject: object) -> None:
    company.there.person[SUBJECT[company.name][0]] = subject
    assert code(company.sign_in(company.house.browser())) == (401, "sign_in_failed")


def test_nobody_gets_an_account_by_its_name_or_address(company: Company) -> None:
    local = company.house.person("张三", admin=True)
    local.patch("/api/me", json={"email": "z@example.com"}).raise_for_status()
    company.there.person |= {"email": "z@example.com", "userid": "张三"}
    browser = company.house.browser()
    company.sign_in(browser)
    assert who(browser)["id"] != who(local)["id"]
    assert who(browser)["admin"] is False
    assert sign_in(company.house.browser(), "张三").is_success, "the way back in"


def test_secrets_are_in_no_log(
    company: Company, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    settings = company.house.api.application.settings
    start_logging(settings.model_copy(update={"log_level": "debug"}))
    caplog.set_level(logging.DEBUG)
    for path in (TOKEN[company.name], PERSON[company.name]):
        company.there.answers = {path: (200, "no JSON")}
        assert company.sign_in(company.house.browser()).status_code == 503
    company.there.answers = {}
    assert company.sign_in(company.house.browser()).is_success
    written = caplog.text + "".join(capfd.readouterr())
    assert "the provider can't be used" in written
    for secret in SECRETS:
        assert secret not in written
    assert APP_SECRET not in repr(company.house.api.application.provider_sign_in)


@pytest.fixture
def wecom(tmp_path: Path, there: CompanyApps) -> Iterator[Company]:
    for api in running(tmp_path / "data", there, "wecom"):
        yield Company(House(api), there, "wecom")


def test_the_token_of_the_app_is_kept_and_renewed_when_it_ends_early(wecom: Company) -> None:
    for _ in range(2):
        assert wecom.sign_in(wecom.house.browser()).is_success
    assert wecom.there.asked.count(TOKEN["wecom"]) == 1
    wecom.there.app_token = "accesstoken000002"
    assert wecom.sign_in(wecom.house.browser()).is_success
    assert wecom.there.asked.count(TOKEN["wecom"]) == 2


def test_within_wecom_there_is_no_code_to_scan(wecom: Company) -> None:
    browser = wecom.house.browser(**{"User-Agent": "Mozilla/5.0 wxwork/4.1.6 MicroMessenger/7.0.1"})
    url = browser.post(wecom.begin_url, json={}).json()["url"]
    assert "/connect/oauth2/authorize?" in url
    assert url.endswith("#wechat_redirect")
    assert wecom.finish(browser, wecom.there.sign_in(url)).is_success


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 60011, "errmsg": "no privilege to access/modify contact/party/agent"},
        {"errcode": 0, "userid": "ZhangSan", "name": "张三", "status": 2},
        {"errcode": 0, "userid": "ZhangSan", "name": "张三", "status": 5},
    ],
)
def test_members_whom_the_app_does_not_see_stay_out(wecom: Company, answer: dict[str, Any]) -> None:
    wecom.there.answers[PERSON["wecom"]] = (200, answer)
    assert code(wecom.sign_in(wecom.house.browser())) == (401, "sign_in_failed")


def test_a_user_id_is_the_same_in_upper_and_lower_case(wecom: Company) -> None:
    browsers = [wecom.house.browser() for _ in range(2)]
    for browser, written in zip(browsers, ("ZhangSan", "zhangsan"), strict=True):
        wecom.there.person["userid"] = written
        wecom.sign_in(browser)
    assert who(browsers[0])["id"] == who(browsers[1])["id"]
