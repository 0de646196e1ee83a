"""Removing accounts, exporting what is a person's, and what is deleted by age."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, select

from app.db.tables import (
    OWNER_ID,
    ApiKey,
    AuditEntry,
    BaseGrant,
    Conversation,
    KnowledgeBase,
    LoginSession,
    Person,
    StoredDataSet,
    StoredFeedback,
    StoredMessage,
    utc_now,
)
from app.services.errors import Conflict, NotFound
from app.services.people.access import LOCAL_OWNER, Access
from app.services.people.accounts import ANONYMOUS_ID
from app.services.people.retention import Retention
from tests.services.people.conftest import Rooms


def base(session: Session, owner_id: str, name: str) -> str:
    made = KnowledgeBase(owner_id=owner_id, name=name, embedder="hashing", dim=8)
    session.add(made)
    session.flush()
    return made.id


def talk(rooms: Rooms, owner_id: str, *, state: str = "complete") -> str:
    """A conversation with a rated answer; its id."""
    with rooms.db.write() as session:
        conversation = Conversation(owner_id=owner_id, title="年假", base_ids=[])
        session.add(conversation)
        session.flush()
        answer = StoredMessage(
            conversation_id=conversation.id,
            position=1,
            role="assistant",
            content="十五天",
            state=state,
        )
        session.add(answer)
        session.flush()
        session.add(StoredFeedback(message_id=answer.id, rating="up", comment="好"))
        return conversation.id


def owner_of(rooms: Rooms, conversation_id: str) -> str | None:
    with rooms.db.read() as session:
        found = session.get(Conversation, conversation_id)
        return found.owner_id if found else None


def test_conversations_are_deleted_or_kept_without_their_owner(rooms: Rooms) -> None:
    rooms.person("root", admin=True)
    ada, bob = rooms.person("ada"), rooms.person("bob")
    of_ada, of_bob = talk(rooms, ada), talk(rooms, bob)
    remove = rooms.people.leaving.remove
    remove(LOCAL_OWNER, ada, conversations="delete")
    remove(LOCAL_OWNER, bob, conversations="anonymise")
    assert owner_of(rooms, of_ada) is None
    assert owner_of(rooms, of_bob) == ANONYMOUS_ID
    assert [a.person.name for a in rooms.people.accounts.all()] == ["root"]
    for gone in (ada, bob, ANONYMOUS_ID):
        with pytest.raises(NotFound):
            rooms.people.accounts.get(gone)


def test_bases_go_to_somebody_else_or_must_be_gone(rooms: Rooms) -> None:
    rooms.person("root", admin=True)
    ada, bob = rooms.person("ada"), rooms.person("bob")
    with rooms.db.write() as session:
        ids = [base(session, ada, "库"), base(session, ada, "手册")]
        kept = base(session, bob, "库")
        session.add(BaseGrant(base_id=kept, subject_kind="person", subject_id=ada, role=1))
    remove = rooms.people.leaving.remove
    for to in ("", ada):
        with pytest.raises(Conflict) as refused:
            remove(LOCAL_OWNER, ada, conversations="delete", bases_to=to)
        assert refused.value.code == "has_bases"
    with pytest.raises(NotFound):
        remove(LOCAL_OWNER, ada, conversations="delete", bases_to="nobody")
    remove(LOCAL_OWNER, ada, conversations="delete", bases_to=bob)
    with rooms.db.read() as session:
        bases = [session.get_one(KnowledgeBase, id_) for id_ in ids]
        assert [(b.name, b.owner_id) for b in bases] == [("库 (ada)", bob), ("手册", bob)]
        assert session.exec(select(BaseGrant)).all() == []


def test_attached_files_are_gone_with_the_person(rooms: Rooms) -> None:
    rooms.person("root", admin=True)
    ada = rooms.person("ada")
    with rooms.db.write() as session:
        made = KnowledgeBase(owner_id=ada, name="x", embedder="hashing", dim=8)
        made.expires_at = utc_now() + timedelta(days=1)
        session.add(made)
    rooms.people.leaving.remove(LOCAL_OWNER, ada, conversations="delete", bases_to="")
    with rooms.db.read() as session:
        assert session.exec(select(KnowledgeBase)).all() == []


def test_the_account_of_an_installation_without_a_login_is_emptied_not_removed(
    rooms: Rooms,
) -> None:
    owner = rooms.person("root", admin=True)
    ada = rooms.person("ada", admin=True)
    assert owner == OWNER_ID
    with rooms.db.write() as session:
        base(session, owner, "库")
    rooms.people.leaving.remove(LOCAL_OWNER, owner, conversations="delete", bases_to=ada)
    assert [a.person.name for a in rooms.people.accounts.all()] == ["ada"]
    with rooms.db.read() as session:
        person = session.get_one(Person, OWNER_ID)
        assert (person.name, person.password_hash) == (OWNER_ID, "")
    with pytest.raises(Conflict):
        rooms.people.accounts.update(LOCAL_OWNER, ada, admin=False)


def test_people_get_what_is_theirs_and_no_secret(rooms: Rooms) -> None:
    ada, bob = rooms.person("ada"), rooms.person("bob")
    talk(rooms, ada)
    talk(rooms, bob)
    own = Access(ada, "ada")
    _, token = rooms.people.keys.create(own, "script", ["ask"])
    rooms.people.usage.admit(own)
    rooms.people.usage.write()
    with rooms.db.write() as session:
        base(session, ada, "库")
        session.add(
            BaseGrant(
                base_id=base(session, bob, "手册"), subject_kind="person", subject_id=ada, role=2
            )
        )
    found = rooms.people.leaving.export(own, ada)
    assert found["person"]["name"] == "ada"
    assert [(b["name"], b["role"]) for b in found["bases"]] == [("库", "owner"), ("手册", "editor")]
    (conversation,) = found["conversations"]
    (message,) = conversation["messages"]
    assert (message["content"], message["feedback"]["comment"]) == ("十五天", "好")
    assert found["usage"][0]["requests"] == 1
    assert found["keys"][0]["name"] == "script"
    told = str(found)
    assert "hash" not in told
    assert token not in told
    assert bob not in str(found["conversations"])


def test_who_takes_the_account_over_later_gets_nothing_of_who_had_it(rooms: Rooms) -> None:
    owner = rooms.person("root", admin=True)
    ada = rooms.person("ada", admin=True)
    leaving, audit = rooms.people.leaving, rooms.people.audit
    audit.add(Access(owner, "root"), "group.create", "group", "g")
    audit.add(Access(ada, "ada"), "person.update", "person", owner)
    with rooms.db.write() as session:
        for person_id in (owner, ada):
            name, more = (
                f"sft-{person_id}",
                {"method": "sft", "style": "a", "sha256": "", "card": {}},
            )
            session.add(StoredDataSet(name=name, person_id=person_id, **more))
    leaving.remove(Access(ada, "ada"), owner, conversations="delete")
    next_one = rooms.person("next", admin=True)
    assert next_one == OWNER_ID
    found = leaving.export(Access(next_one, "next"), next_one)
    actions = {entry["action"] for entry in (*found["audit"], *found["audit_about"])}
    assert actions <= {"person.create", "person.password", "session.open"}
    assert found["datasets"] == []
    assert [each["name"] for each in leaving.export(LOCAL_OWNER, ada)["datasets"]] == [f"sft-{ada}"]
    with rooms.db.read() as session:
        kept = session.exec(select(AuditEntry).where(AuditEntry.action == "group.create")).one()
        assert (kept.person_name, kept.person_id != owner) == ("root", True)
        removed = session.exec(select(AuditEntry).where(AuditEntry.action == "person.remove")).one()
        assert removed.object_id == kept.person_id


def test_people_get_what_others_did_about_them(rooms: Rooms) -> None:
    root = Access(rooms.person("root", admin=True), "root", admin=True)
    ada, bob = rooms.person("ada"), rooms.person("bob")
    people = rooms.people
    people.accounts.update(root, ada, display_name="Ada")
    people.accounts.update(root, bob, display_name="Bob")
    group = people.groups.create(root, "law")
    people.groups.add_member(root, group.id, ada)
    people.groups.add_member(root, group.id, bob)
    people.audit.add(
        None,
        "session.open",
        "person",
        ada,
        outcome="refused",
        address="203.0.113.9",
        why="password",
    )
    people.audit.add(root, "person.link", "person", ada, address="198.51.100.7")
    found = people.leaving.export(Access(ada, "ada"), ada)["audit_about"]
    told = [(e["action"], e["outcome"]) for e in found if e["action"] != "person.create"]
    assert told == [
        ("person.update", "done"),
        ("group.add", "done"),
        ("session.open", "refused"),
        ("person.link", "done"),
    ]
    assert "203.0.113.9" in str(found)
    assert "198.51.100.7" not in str(found), "where an administrator was is not about them"
    assert bob not in str(found)


def test_revoked_keys_take_no_place_and_go(rooms: Rooms) -> None:
    own, keys = Access(rooms.person("ada"), "ada"), rooms.people.keys
    for number in range(100):
        made, _ = keys.create(own, f"key {number}", ["ask"])
    with pytest.raises(Conflict) as refused:
        keys.create(own, "one more", ["ask"])
    assert refused.value.code == "too_many_keys"
    keys.revoke(own, made.id)
    keys.create(own, "one more", ["ask"])
    rooms.people.retention.sweep()
    rooms.people.retention.sweep(utc_now() + timedelta(days=31))
    with rooms.db.read() as session:
        assert session.get(ApiKey, made.id) is None
        assert len(session.exec(select(ApiKey)).all()) == 100


def test_old_conversations_entries_and_expired_secrets_are_swept(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    rooms.cookie(ada)
    old, new, running = talk(rooms, ada), talk(rooms, ada), talk(rooms, ada, state="streaming")
    now = utc_now()
    with rooms.db.write() as session:
        long_ago = now - timedelta(days=31)
        session.exec(
            update(Conversation)
            .where(Conversation.id.in_([old, running]))  # type: ignore[attr-defined]
            .values(updated_at=long_ago)
        )
        session.exec(update(AuditEntry).values(at=long_ago))
    rooms.people.retention.sweep()
    assert owner_of(rooms, old) == ada, "the settings keep everything"
    sweep = Retention(rooms.db, rooms.people.audit, conversations_days=30, audit_days=30).sweep
    sweep()
    assert [owner_of(rooms, id_) for id_ in (old, new, running)] == [None, ada, ada]
    with rooms.db.read() as session:
        (entry,) = session.exec(select(AuditEntry)).all()
        assert (entry.action, entry.detail) == ("conversation.expire", {"deleted": 1})
        assert session.exec(select(LoginSession)).all()
    sweep(now + timedelta(days=15))
    with rooms.db.read() as session:
        assert not session.exec(select(LoginSession)).all()
