"""A name of a knowledge base is unique among one's own only; others share theirs under any name."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.db.tables import KnowledgeBase
from app.services.errors import Conflict
from app.services.library.bases import base_named
from app.services.people.audit import AuditFilter
from app.wiring.improvement import base_ids
from tests.api.people.house import PASSWORD, House
from tests.application import drain, running_api
from tests.cli.shell import Shell
from tests.passwords import cheap_passwords


@pytest.fixture
def house(zhiwen: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with running_api(tmp_path / "shell", auth="password", passwords=cheap_passwords()) as api:
        monkeypatch.setenv("ZHIWEN_API_URL", api.url)
        monkeypatch.setenv("ZHIWEN_AUTH", "password")
        yield House(api)


def key_of(browser: httpx.Client) -> str:
    body = {"name": "shell", "scopes": ["read", "write"], "password": PASSWORD}
    return str(browser.post("/api/keys", json=body).raise_for_status().json()["token"])


def shares(house: House, name: str, base: str, *, with_: str, id_: str = "") -> str:
    """`name` makes a base and lets `with_` upload into it. Its id, `id_` where it is given."""
    app = house.api.application
    owner = app.accounts.named(name).id
    if id_:
        with app.db.write() as session:
            embedder = app.embedder
            made = KnowledgeBase(
                id=id_, owner_id=owner, name=base, embedder=embedder.name, dim=embedder.dim
            )
            session.add(made)
    browser = house.browser()
    browser.post("/api/session", json={"name": name, "password": PASSWORD}).raise_for_status()
    id_ = id_ or browser.post("/api/bases", json={"name": base}).json()["id"]
    grant = {"subject_kind": "person", "subject_id": house.person_id(with_), "role": "editor"}
    browser.put(f"/api/bases/{id_}/grants", json=grant).raise_for_status()
    return id_


def ids_in(browser: httpx.Client, base_id: str) -> list[str]:
    return [each["name"] for each in browser.get(f"/api/bases/{base_id}/documents").json()["items"]]


def test_what_is_uploaded_by_name_goes_into_ones_own_base(
    house: House, zhiwen: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, mallory = house.person("bob"), house.person("mallory")
    mallory.patch("/api/me", json={"display_name": "bob"})
    own = bob.post("/api/bases", json={"name": "HR"}).json()["id"]
    planted = shares(house, "mallory", "HR", with_="bob", id_="0" * 16)  # listed before
    assert [each["own"] for each in bob.get("/api/bases").json()] == [False, True]
    paper = tmp_path / "salaries.md"
    paper.write_text("# Salaries\n\n4711\n", "utf-8")
    bob.post(
        f"/api/bases/{own}/documents", files={"file": ("salaries.md", paper.read_bytes())}
    ).raise_for_status()
    drain(house.api.application)
    monkeypatch.setenv("ZHIWEN_API_KEY", key_of(bob))

    ran = zhiwen("ingest", paper, "--kb", "HR")

    assert (ran.code, ran.out) == (0, "unchanged: 1\n"), ran.err
    assert ids_in(bob, own) == ["salaries.md"]
    assert ids_in(mallory, planted) == []
    assert zhiwen("search", "Salaries", "--kb", "HR").out.startswith("1. salaries.md")
    found = zhiwen("search", "Salaries", "--kb", planted)
    assert found.out == "Nothing found.\n", "an id says which"


def test_a_name_that_several_others_share_is_refused(
    house: House, zhiwen: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = house.person("bob")
    house.person("ada")
    house.person("mallory")
    first = shares(house, "ada", "HR", with_="bob")
    paper = tmp_path / "salaries.md"
    paper.write_text("# Salaries\n\n4711\n", "utf-8")
    monkeypatch.setenv("ZHIWEN_API_KEY", key_of(bob))
    second = shares(house, "mallory", "HR", with_="bob")
    for command in (("ingest", paper), ("search", "Salaries")):
        refused = zhiwen(*command, "--kb", "HR")
        assert refused.code == 1
        assert "Several knowledge bases are named 'HR'" in refused.err
        assert first in refused.err
        assert second in refused.err
    assert ids_in(bob, first) == ids_in(bob, second) == []


def test_the_shell_says_whose_base_it_is(
    house: House, zhiwen: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bob = house.person("bob")
    house.person("ada")
    shares(house, "ada", "HR", with_="bob")
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.setenv("ZHIWEN_API_KEY", key_of(bob))
    ran = zhiwen("ingest", folder, "--delete", "--kb", "HR")
    assert ran.code == 0
    assert ran.err.splitlines()[0] == "shared: HR belongs to ada"


def test_on_the_server_a_name_stands_for_one_base_or_none(house: House) -> None:
    house.person("bob")
    house.person("mallory")
    first = shares(house, "mallory", "HR", with_="bob")
    settings = house.api.application.settings
    assert base_ids(settings, ["HR"]) == [first]
    second = shares(house, "bob", "HR", with_="mallory")
    with pytest.raises(Conflict, match=f"{first}.*{second}"):
        base_ids(settings, ["HR"])
    assert base_ids(settings, [second]) == [second]


def test_an_id_is_no_name(house: House) -> None:
    """Whoever names a base like the id of another gets nothing that was meant for that one."""
    house.person("bob")
    house.person("mallory")
    victim = shares(house, "bob", "HR", with_="mallory")
    shares(house, "mallory", victim, with_="bob")
    with house.api.application.db.read() as session:
        assert base_named(session, victim).id == victim


def test_the_shell_shares_a_base(house: House, zhiwen: Shell) -> None:
    bob, ada = house.person("bob"), house.person("ada")
    base = bob.post("/api/bases", json={"name": "HR"}).json()["id"]
    zhiwen("groups", "add", "Law")
    shared = zhiwen("grants", "add", "HR", "--person", "ada", "--role", "editor")
    assert (shared.code, shared.out) == (0, "ada: editor of HR\n"), shared.err
    assert ada.get(f"/api/bases/{base}").json()["role"] == "editor"
    assert zhiwen("grants", "add", "HR", "--person", "ada").out == "ada: reader of HR\n"
    assert zhiwen("grants", "add", base, "--group", "Law", "--role", "owner").code == 0
    assert zhiwen("grants", "add", "HR", "--everyone").code == 0
    assert zhiwen("grants", "list", "HR").out.splitlines() == [
        "everyone: reader",
        "group Law: owner",
        "person ada: reader",
    ]
    assert json.loads(zhiwen("grants", "list", "HR", "--json").out)[2] == {
        "kind": "person",
        "name": "ada",
        "role": "reader",
    }
    for who in (("--everyone",), ("--group", "Law"), ("--person", "ada")):
        assert zhiwen("grants", "remove", "HR", *who).code == 0
    assert zhiwen("grants", "list", "HR").out == ""
    assert ada.get(f"/api/bases/{base}").status_code == 404
    entries = house.api.application.audit.page(AuditFilter(action="base.share"), limit=9, offset=0)
    assert {entry.person_name for entry in entries[0]} == {"shell"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("add", "HR"), "Say with whom"),
        (("add", "HR", "--person", "bob", "--everyone"), "Say with whom"),
        (("add", "HR", "--person", "nobody"), "There is no person with id 'nobody'"),
        (("add", "none", "--everyone"), "There is no knowledge base with id 'none'"),
        (("add", "HR", "--everyone", "--role", "editor"), "Everyone can only be a reader"),
        (("remove", "HR", "--person", "bob"), "There is no grant"),
    ],
)
def test_what_cannot_be_shared_is_said(
    house: House, zhiwen: Shell, given: tuple[str, ...], said: str
) -> None:
    bob = house.person("bob")
    bob.post("/api/bases", json={"name": "HR"}).raise_for_status()
    refused = zhiwen("grants", *given)
    assert (refused.code, said in refused.err) == (1, True), refused.err
