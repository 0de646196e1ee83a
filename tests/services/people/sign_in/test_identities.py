"""Accounts of identities, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from app.config import Settings
from app.services.errors import Conflict
from app.services.people.access import Access
from app.services.people.audit import AuditFilter
from app.services.people.sign_in.identities import Identity, identity_id_of
from app.wiring.people import build_people
from tests.company_apps import APP_SECRET
from tests.passwords import cheap_passwords
from tests.patience import PATIENCE_S
from tests.services.people.conftest import Rooms

ISSUER = "https://login.example.com"


OIDC = {"auth": "oidc", "oidc_issuer": ISSUER, "oidc_client_id": "zhiwen"}
SECRETS = {"sso_app_id": "app", "sso_app_secret": APP_SECRET}
FEISHU = {**SECRETS, "auth": "feishu", "sso_company_id": "tenant"}
PROXY = {"auth": "proxy", "proxy_header": "Remote-User", "trusted_proxies": "127.0.0.1"}


def people_sign_in_by(rooms: Rooms, folder: Path, **settings: object) -> None:
    """From now on, as after a restart with other settings."""
    chosen = Settings.model_validate({"data_dir": folder, **settings})
    rooms.people = build_people(chosen, rooms.db, cheap_passwords())


def with_identities(rooms: Rooms, *of: Identity) -> Access:
    """Who signs in by all of them."""
    access = Access(sign_in(rooms, of[0]), "ada")
    for each in of[1:]:
        rooms.people.provider_sign_in.identities.connect(access, each)
    return access


def disconnect(rooms: Rooms, access: Access, subject: str) -> bool:
    """Whether it was their only way to sign in."""
    identities = rooms.people.provider_sign_in.identities
    ids = {each.subject: identity_id_of(each) for each in identities.of(access.person_id)}
    try:
        identities.disconnect(access, access.person_id, ids[subject])
    except Conflict as refused:
        return refused.code == "last_identity"
    return False


def sign_in(rooms: Rooms, identity: Identity) -> str:
    """The id of the account."""
    return rooms.people.provider_sign_in.identities.sign_in(identity, "oidc").person_id


@pytest.mark.parametrize(
    ("claimed", "name"),
    [
        ("Ada", "ada"),
        ("ada@example.com", "ada@example.com"),
        ("DOM\\ada", "dom-ada"),
        ("李 雷", "李-雷"),
        ("everyone", "everyone-2"),
        ("anonymous", "anonymous-2"),
        ("<script>", "script"),
        ("", "person"),
        ("💥", "person"),
        ("a" * 300, "a" * 100),
    ],
)
def test_any_name_makes_an_account(rooms: Rooms, claimed: str, name: str) -> None:
    person_id = sign_in(rooms, Identity(ISSUER, "1", claimed, "\x07 Ada\n L.", "a" * 300))
    person = rooms.people.accounts.get(person_id).person
    assert (person.name, person.display_name, person.email) == (name, "Ada L.", "")


def test_issuer_and_subject_tell_people_apart(rooms: Rooms) -> None:
    identities = [
        Identity(ISSUER, "1", "ada"),
        Identity(ISSUER, "2", "ada"),
        Identity("https://other.example", "1", "ada"),
        Identity(ISSUER, "A", "ada"),
        Identity(ISSUER, "a", "ada"),
    ]
    ids = [sign_in(rooms, identity) for identity in identities]
    assert len(set(ids)) == 5
    assert [sign_in(rooms, identity) for identity in identities] == ids
    assert sorted(account.person.name for account in rooms.people.accounts.all()) == [
        "ada",
        "ada-2",
        "ada-3",
        "ada-4",
        "ada-5",
    ]


def test_two_first_sign_ins_at_once_are_one_account(rooms: Rooms) -> None:
    together = Barrier(4)

    def come(number: int) -> str:
        together.wait(timeout=PATIENCE_S)
        identity = Identity(ISSUER, str(number % 2), f"p{number % 2}", groups=frozenset({"Law"}))
        return sign_in(rooms, identity)

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(come, range(4)))
    assert ids[:2] == ids[2:]
    (law,) = rooms.people.groups.all()
    assert [member.name for member in law.members] == ["p0", "p1"]


def test_what_a_claim_changes_is_in_the_audit(rooms: Rooms) -> None:
    person_id = sign_in(rooms, Identity(ISSUER, "1", "ada", groups=frozenset({"Law"})))
    sign_in(rooms, Identity(ISSUER, "1", "ada", groups=frozenset()))
    (law,) = rooms.people.groups.all()
    entries, _ = rooms.people.audit.page(AuditFilter(), limit=50, offset=0)
    assert [(entry.action, entry.object_id) for entry in entries if "group" in entry.action] == [
        ("group.take_out", law.group.id),
        ("group.add", law.group.id),
        ("group.create", law.group.id),
    ]
    added = next(entry for entry in entries if entry.action == "group.add")
    assert added.detail == {"member": person_id, "by": ISSUER}


def test_names_of_groups_are_cleaned(rooms: Rooms) -> None:
    said = frozenset({" Law\n", " ", "\n", ""})
    person_id = sign_in(rooms, Identity(ISSUER, "1", "ada", groups=said))
    assert [group.name for group in rooms.people.accounts.get(person_id).groups] == ["Law"]


@pytest.mark.parametrize(
    ("settings", "issuer"),
    [
        (OIDC, ISSUER),
        (OIDC, f"{ISSUER}/"),  # as its metadata may write it
        (FEISHU, "feishu:tenant"),
        (PROXY, "proxy"),
    ],
)
def test_the_only_identity_that_works_stays(
    rooms: Rooms, tmp_path: Path, settings: dict[str, object], issuer: str
) -> None:
    """Those of a provider that is no longer configured are no way in."""
    people_sign_in_by(rooms, tmp_path, **settings)
    works = Identity(issuer, "works", "ada")
    access = with_identities(rooms, works, Identity("dingtalk:former", "former", "ada"))
    assert disconnect(rooms, access, "works")
    assert not disconnect(rooms, access, "former")
    assert disconnect(rooms, access, "works")


def test_of_two_ways_in_that_are_disconnected_at_once_one_stays(
    rooms: Rooms, tmp_path: Path
) -> None:
    people_sign_in_by(rooms, tmp_path, **OIDC)
    for number in range(8):
        subjects = [f"{number}-a", f"{number}-b"]
        access = with_identities(rooms, *(Identity(ISSUER, each, "ada") for each in subjects))
        together = Barrier(2)

        def leave(subject: str, access: Access = access, together: Barrier = together) -> bool:
            together.wait(timeout=PATIENCE_S)
            return disconnect(rooms, access, subject)

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(leave, subjects)) == [False, True]
        assert len(rooms.people.provider_sign_in.identities.of(access.person_id)) == 1
