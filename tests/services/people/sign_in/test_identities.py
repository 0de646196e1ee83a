"""Accounts of identities, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.services.people.audit import AuditFilter
from app.services.people.sign_in.identities import Identity
from tests.services.people.conftest import Rooms

ISSUER = "https://login.example.com"


def sign_in(rooms: Rooms, identity: Identity) -> str:
    """The id of the account."""
    return rooms.people.oidc_sign_in.identities.sign_in(identity, "oidc").person_id


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
        together.wait(timeout=30)
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
