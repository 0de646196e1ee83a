"""Signing in by the header of a reverse proxy."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.services.people.audit import AuditFilter
from app.services.people.sign_in.proxy import Came, ProxyTrust
from tests.api.people.house import House, who
from tests.application import running_api
from tests.passwords import cheap_passwords

PROXY = "192.0.2.7"
VISITOR = "203.0.113.9"
# As the interface sends it on: the last address is of who spoke to it.
BY_THE_PROXY = {"X-Forwarded-For": f"{VISITOR}, {PROXY}"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = {
        "auth": "proxy",
        "trusted_proxies": PROXY,
        "proxy_groups_header": "Remote-Groups",
    }
    with running_api(tmp_path / "data", passwords=cheap_passwords(), **settings) as api:
        yield House(api)


def come(browser: httpx.Client, *headers: tuple[str, str]) -> httpx.Response:
    return browser.post("/api/session/proxy", headers=list(headers))


def refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed")


def test_the_proxy_says_who_somebody_is(house: House) -> None:
    browser = house.browser(**BY_THE_PROXY)
    groups = (b"Remote-Groups", "Law, 研发".encode())
    name = (b"Remote-User", b"Ada@Example.com")
    browser.post("/api/session/proxy", headers=[name, groups]).raise_for_status()
    person = who(browser)
    assert (person["name"], person["admin"]) == ("ada@example.com", False)
    assert [group["name"] for group in person["groups"]] == ["Law", "研发"]
    again = house.browser(**BY_THE_PROXY)
    come(again, ("Remote-User", "Ada@Example.com"))
    assert who(again)["id"] == person["id"]
    assert who(again)["groups"] == []


@pytest.mark.parametrize(
    "forwarded",
    [None, VISITOR, f"{PROXY}, {VISITOR}", f"{VISITOR}, 127.0.0.1", f"{PROXY}:80", "unknown", ""],
)
def test_from_elsewhere_the_header_is_nothing(house: House, forwarded: str | None) -> None:
    """Also not from loopback, where the interface speaks for all its visitors."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    browser = house.browser(**headers)
    assert refused(come(browser, ("Remote-User", "root")))
    assert who(browser) is None
    entries, _ = house.api.application.audit.page(
        AuditFilter(action="session.open"), limit=9, offset=0
    )
    assert [(entry.outcome, entry.detail["why"]) for entry in entries] == [("refused", "address")]


def test_a_header_names_one_person(house: House) -> None:
    browser = house.browser(**BY_THE_PROXY)
    for headers in (
        [],
        [("Remote-User", "")],
        [("Remote-User", "ada"), ("Remote-User", "root")],
        [("Remote-User", "x" * 256)],
    ):
        assert refused(come(browser, *headers)), headers


def test_a_peer_that_is_not_trusted_can_not_claim_to_pass_something_on() -> None:
    """The server leaves such a peer's own address and port in place."""
    trust = ProxyTrust.of("Remote-User", "", [PROXY, "2001:db8::/32"])
    assert not trust.covers(Came(VISITOR, 5000, [VISITOR, PROXY]).last_hop)
    assert trust.covers(Came(VISITOR, 0, [VISITOR, PROXY]).last_hop)
    assert trust.covers(Came(PROXY, 5000, []).last_hop)
    assert trust.covers(Came(f"::ffff:{PROXY}", 5000, []).last_hop)
    assert trust.covers(Came("2001:db8::1", 5000, []).last_hop)
    assert not trust.covers(Came("", 0, []).last_hop)


def test_a_disabled_person_stays_out_and_a_local_account_is_not_theirs(house: House) -> None:
    root = house.person("root", admin=True)
    browser = house.browser(**BY_THE_PROXY)
    come(browser, ("Remote-User", "root"))
    assert (who(browser)["name"], who(browser)["admin"]) == ("root-2", False)
    root.patch(f"/api/people/{who(browser)['id']}", json={"state": "disabled"}).raise_for_status()
    assert refused(come(browser, ("Remote-User", "root")))
