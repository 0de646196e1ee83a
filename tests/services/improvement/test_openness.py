"""An adapter answers everyone: what it may have learnt is for everyone, or a person consents."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import pytest
from sqlmodel import select

from app.api.problems import problem_of
from app.db.tables import (
    OWNER_ID,
    ApiKey,
    AuditEntry,
    BaseGrant,
    PathRestriction,
    Person,
    StoredAdapter,
    StoredDataSet,
    new_id,
    utc_now,
)
from app.services.errors import Conflict
from app.services.improvement.adapters import Adapters, Consent
from app.services.people.access import SHELL, Access
from app.wiring.channels import bot_bases
from tests.application import test_settings as settings_for
from tests.services.conftest import Application
from tests.services.improvement.test_adapters import MODEL, PASSED, adapters, add

__all__ = ["adapters"]


@pytest.fixture
def base_id(application: Application, adapters: Adapters) -> str:
    """Of a base that is the owner's alone, where somebody else has an account too."""
    base_id = application.base("薪酬")
    add(adapters, "lora-1", PASSED)
    with application.db.write() as session:
        session.add(Person(id="bo", name="bo", state="active"))
        data = session.get_one(StoredDataSet, "sft-1")
        data.card = {"restrictions": {"base_ids": [base_id]}}
        session.add(data)
    return base_id


def share(application: Application, base_id: str, kind: str = "everyone", who: str = "") -> None:
    with application.db.write() as session:
        session.add(BaseGrant(base_id=base_id, subject_kind=kind, subject_id=who, role=1))


def promote(adapters: Adapters, **consent: bool) -> None:
    adapters.promote(SHELL, "lora-1", consent=Consent(**consent))


def test_trained_on_what_not_everyone_may_read_it_needs_consent(
    application: Application, adapters: Adapters, base_id: str
) -> None:
    with pytest.raises(Conflict, match="not everyone may read: 薪酬") as refused:
        promote(adapters, force=True)  # another matter than the gate
    problem = problem_of(refused.value).model_dump()
    assert (problem["code"], problem["bases"]) == ("closed_bases", ["薪酬"])
    with pytest.raises(Conflict, match="薪酬"):
        adapters.try_out(SHELL, "lora-1", share=5)
    adapters.try_out(SHELL, "lora-1", shadow=True)  # nobody sees what it says
    promote(adapters, for_everyone=True)
    with application.db.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "adapter.promote")).one()
    assert (entry.person_name, entry.detail["for_everyone"]) == ("shell", [base_id])


def test_bases_without_a_role_in_them_are_counted_not_named(
    application: Application, adapters: Adapters, base_id: str
) -> None:
    own = application.base("预算")
    with application.db.write() as session:
        session.add(Person(id="boss", name="boss", state="active", admin=True))
        data = session.get_one(StoredDataSet, "sft-1")
        data.card = {"restrictions": {"base_ids": [base_id, own]}}
        session.add(data)
    share(application, own, "person", "boss")
    boss = Access("boss", "boss", admin=True)
    with pytest.raises(Conflict, match="预算, 1 more") as refused:
        adapters.promote(boss, "lora-1")
    problem = problem_of(refused.value).model_dump()
    assert (problem["bases"], problem["others"]) == (["预算"], 1)
    assert "薪酬" not in str(problem)


@pytest.mark.parametrize("subject", [("everyone", ""), ("person", "bo")])
def test_what_all_may_read_needs_none(
    application: Application, adapters: Adapters, base_id: str, subject: tuple[str, str]
) -> None:
    share(application, base_id, *subject)
    promote(adapters)
    assert adapters.served(MODEL) == {"champion": "lora-1"}


def test_a_restricted_folder_closes_its_base(
    application: Application, adapters: Adapters, base_id: str
) -> None:
    share(application, base_id)
    with application.db.write() as session:
        session.add(PathRestriction(base_id=base_id, path="等级/"))
    with pytest.raises(Conflict, match="薪酬"):
        promote(adapters)


def test_a_person_alone_and_a_removed_base(
    application: Application, adapters: Adapters, base_id: str
) -> None:
    with application.db.write() as session:
        data = session.get_one(StoredDataSet, "sft-1")
        data.card = {"restrictions": {"base_ids": ["gone"]}}
        session.add(data)
    with pytest.raises(Conflict, match="gone"):
        promote(adapters)
    with application.db.write() as session:
        session.delete(session.get_one(Person, "bo"))
        assert session.get(StoredAdapter, "lora-1") is not None
    promote(adapters)
    assert adapters.served(MODEL) == {"champion": "lora-1"}


def key(
    application: Application,
    base_ids: Sequence[str] | None,
    scope: str = "ask",
    **about: object,
) -> None:
    """Of the account "owner"."""
    with application.db.write() as session:
        session.add(
            ApiKey(
                person_id=OWNER_ID, name=new_id(), token_hash=new_id(), hint="", scopes=[scope],
                base_ids=None if base_ids is None else list(base_ids), **about,
            )
        )  # fmt: skip


def test_who_asks_with_a_narrowed_key_counts_too(
    application: Application, adapters: Adapters, base_id: str
) -> None:
    share(application, base_id)
    key(application, [base_id])
    key(application, None)
    key(application, [], revoked_at=utc_now())
    key(application, [], expires_at=utc_now())
    key(application, [], "read")  # which gets no answers
    promote(adapters)
    adapters.rollback(SHELL, MODEL)
    key(application, [application.base("官网")])
    with pytest.raises(Conflict, match="not everyone may read: 薪酬"):
        promote(adapters)


def test_what_a_widget_shows_is_closed_to_nobody(
    application: Application, adapters: Adapters, base_id: str
) -> None:
    with pytest.raises(Conflict, match="薪酬"):  # "bo" may not read it
        promote(adapters)
    key(application, [base_id], "widget")
    promote(adapters)


def test_visitors_of_a_widget_see_what_it_shows_and_no_more(
    application: Application, adapters: Adapters, base_id: str
) -> None:
    with application.db.write() as session:
        session.delete(session.get_one(Person, "bo"))
    promote(adapters)  # one person is alone
    adapters.rollback(SHELL, MODEL)
    key(application, [application.base("官网")], "widget")
    with pytest.raises(Conflict, match="薪酬"):
        promote(adapters)


BOTS = """
[[bot]]
name = "all"
platform = "dingtalk"
company_id = "ding1"
secret_env = "SECRET"

[[bot]]
name = "shop"
platform = "dingtalk"
company_id = "ding1"
secret_env = "SECRET"
bases = ["{}"]
"""


@pytest.mark.parametrize(("bases", "closed"), [("薪酬", False), ("官网", True)])
def test_a_bot_that_its_file_narrows_counts_too(
    application: Application, adapters: Adapters, base_id: str, bases: str, closed: bool
) -> None:
    share(application, base_id)
    settings = settings_for(application.folder)
    (settings.data_dir / "bots.toml").write_text(BOTS.format(bases), "utf-8")
    narrowed = replace(adapters, bot_bases=partial(bot_bases, settings))
    with pytest.raises(Conflict, match="薪酬") if closed else nullcontext():
        promote(narrowed)
