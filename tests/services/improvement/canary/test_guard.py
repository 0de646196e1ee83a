"""A new adapter among people: what is counted, and when it is taken back."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.db.tables import (
    OWNER_ID,
    AdapterMove,
    AuditEntry,
    Conversation,
    ShadowAnswer,
    StoredFeedback,
    StoredMessage,
    utc_now,
)
from app.services.errors import Conflict, Invalid
from app.services.improvement.adapters import Adapters, Consent
from app.services.improvement.canary.guard import Guard
from app.services.people.access import LOCAL_OWNER as ME
from app.services.people.access import SHELL
from app.tuning.refusals import REFUSAL
from app.tuning.sequential import Count
from tests.services.improvement.test_adapters import FAILED, MODEL, PASSED, adapters, add

__all__ = ["adapters"]

ENGINE = "gpu"
NEW = "lora-new"
SUPPORTED = [{"verdict": "supported"}]


@pytest.fixture
def guard(adapters: Adapters) -> Guard:
    add(adapters, NEW, PASSED)
    return Guard(adapters, lambda: {MODEL: [ENGINE]})


def answered(
    adapters: Adapters,
    by: str | None,
    *,
    times: int = 1,
    days_ago: float = -0.001,  # after what was moved just now
    shadow: tuple[bool, bool] | None = None,
    rating: str = "",
    in_one: bool = False,
    **about: object,
) -> None:
    """Conversations with an answer each, or one with many. `shadow`: refused, unsupported."""
    usual = {"checks": SUPPORTED, "timings_ms": {"total": 1000.0}, "content": "十五天。"}
    talk = Conversation(owner_id=OWNER_ID, base_ids=[])
    with adapters.db.write() as session:
        for n in range(times):
            talk = talk if in_one and n else Conversation(owner_id=OWNER_ID, base_ids=[])
            session.add(talk)
            session.flush()
            message = StoredMessage(
                conversation_id=talk.id, position=2 * n + 1, role="assistant", model=ENGINE,
                adapter=by, finish_reason="stop",
                created_at=utc_now() - timedelta(days=days_ago), **{**usual, **about},
            )  # fmt: skip
            session.add(message)
            session.flush()
            if rating:
                session.add(StoredFeedback(message_id=message.id, rating=rating))
            if shadow is not None:
                session.add(
                    ShadowAnswer(
                        message_id=message.id, adapter_name=NEW,
                        refused=shadow[0], unsupported=shadow[1],
                    )
                )  # fmt: skip


def audited(adapters: Adapters, action: str) -> list[AuditEntry]:
    with adapters.db.read() as session:
        return list(session.exec(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_challenger_that_refuses_more_is_taken_back_with_the_reason(guard: Guard) -> None:
    adapters = guard.adapters
    adapters.try_out(ME, NEW, share=10)
    answered(adapters, None, times=90)
    answered(adapters, NEW, times=12)
    guard.look()
    assert adapters.served(MODEL) == {"challenger": NEW}
    answered(adapters, NEW, times=12, content=REFUSAL["zh"])
    (watched,) = guard.watched(MODEL)
    assert (watched.measures["refused"].before, watched.measures["refused"].after) == (
        Count(0, 90),
        Count(12, 24),
    )
    guard.look()
    assert adapters.served(MODEL) == {}
    (back,) = adapters.taken_back(MODEL)
    said = "It refuses more: 12 of 24 conversations, before it 0 of 90."
    assert (back.alias, back.guard["metric"], back.reason) == ("challenger", "refused", said)
    (entry,) = audited(adapters, "adapter.rollback")
    assert (entry.person_id, entry.detail["guard"]["metric"]) == ("", "refused")
    assert entry.detail["reason"] == said
    guard.look()  # nothing is left to take back
    adapters.try_out(ME, NEW, shadow=True)
    assert adapters.taken_back(MODEL) == []


@pytest.mark.parametrize(
    ("metric", "bad"),
    [
        ("rated_down", {"rating": "down"}),
        ("unsupported", {"checks": [*SUPPORTED, {"verdict": "contradicted"}]}),
        ("slow", {"timings_ms": {"total": 2500.0}}),
    ],
)
def test_every_measure_takes_back(guard: Guard, metric: str, bad: dict[str, object]) -> None:
    adapters = guard.adapters
    answered(adapters, None, times=20, days_ago=1)  # the usual time
    adapters.try_out(ME, NEW, share=50)
    answered(adapters, None, times=20, rating="up")
    answered(adapters, NEW, times=12, **{"rating": "up", **bad})  # type: ignore[arg-type]  # columns
    guard.look()
    assert [each.guard["metric"] for each in adapters.taken_back(MODEL)] == [metric]


def test_a_conversation_counts_once_and_a_difference_by_chance_stays(guard: Guard) -> None:
    adapters = guard.adapters
    adapters.try_out(ME, NEW, share=50)
    answered(adapters, None, times=40)
    answered(adapters, NEW, times=3)
    answered(adapters, NEW, times=40, in_one=True, content=REFUSAL["zh"])
    (watched,) = guard.watched(MODEL)
    assert watched.measures["refused"].after == Count(1, 4)
    assert "slow" not in watched.measures  # nobody knows what is usual
    guard.look()
    assert adapters.served(MODEL) == {"challenger": NEW}


def moved_before(adapters: Adapters, **minutes: float) -> None:
    """So long ago was each adapter moved the last time."""
    with adapters.db.write() as session:
        for move in session.exec(select(AdapterMove)):
            name = str(move.adapter_name).removeprefix("lora-")
            move.moved_at -= timedelta(minutes=minutes.get(name, 0))
            session.add(move)


def test_another_share_is_counted_anew(guard: Guard) -> None:
    """Pooled, the one that answers more in a hard week would look worse (Simpson's paradox)."""
    adapters = guard.adapters
    adapters.try_out(ME, NEW, share=10)
    moved_before(adapters, new=10)
    answered(adapters, None, times=90, days_ago=0.001)
    answered(adapters, NEW, times=10, days_ago=0.001)
    adapters.try_out(ME, NEW, share=90)
    for by, times in ((None, 5), (NEW, 45)):
        answered(adapters, by, times=times)
        answered(adapters, by, times=times, content=REFUSAL["zh"])
    (watched,) = guard.watched(MODEL)
    measured = watched.measures["refused"]
    assert (measured.before, measured.after) == (Count(5, 10), Count(45, 90))
    assert (watched.share, adapters.history(MODEL)[0].share) == (90, 90)
    assert watched.since == adapters.history(MODEL)[0].moved_at
    guard.look()
    assert adapters.served(MODEL) == {"challenger": NEW}


def test_another_champion_is_counted_anew(guard: Guard) -> None:
    adapters = guard.adapters
    add(adapters, "lora-old", PASSED)
    adapters.try_out(ME, NEW, share=50)
    moved_before(adapters, new=10)
    answered(adapters, NEW, times=30, days_ago=0.001, content=REFUSAL["zh"])
    adapters.promote(ME, "lora-old")
    answered(adapters, "lora-old", times=30)
    assert guard.watched(MODEL)[0].measures["refused"].after == Count(0, 0)


def test_a_new_champion_is_taken_back_to_the_one_before(guard: Guard) -> None:
    adapters = guard.adapters
    add(adapters, "lora-old", PASSED)
    adapters.promote(ME, "lora-old")
    answered(adapters, "lora-old", times=40)
    adapters.promote(ME, NEW)
    with adapters.db.write() as session:  # so that the answers above came before it
        session.exec(select(AdapterMove).where(AdapterMove.adapter_name == NEW)).one().moved_at = (
            utc_now() + timedelta(minutes=5)
        )
    answered(adapters, NEW, times=15, days_ago=-1, checks=[{"verdict": "unsupported"}])
    guard.look()
    assert adapters.served(MODEL) == {"champion": "lora-old"}
    (back,) = adapters.taken_back(MODEL)
    assert (back.alias, back.guard["metric"]) == ("champion", "unsupported")
    assert guard.watched(MODEL) == []  # who came back is not new


def test_shadow_answers_are_judged_in_pairs(guard: Guard) -> None:
    adapters = guard.adapters
    adapters.try_out(ME, NEW, shadow=True)
    answered(adapters, None, times=30, shadow=(False, False))
    guard.look()
    assert adapters.served(MODEL) == {"challenger": NEW}
    answered(adapters, None, times=12, shadow=(False, True))
    (watched,) = guard.watched(MODEL)
    assert watched.measures.keys() == {"refused", "unsupported"}
    assert watched.measures["unsupported"].after == Count(12, 42)
    guard.look()
    assert [each.guard["metric"] for each in adapters.taken_back(MODEL)] == ["unsupported"]


def test_a_pair_needs_an_answer_of_the_present_champion(guard: Guard) -> None:
    adapters = guard.adapters
    add(adapters, "lora-old", PASSED)
    adapters.promote(ME, "lora-old")
    adapters.try_out(ME, NEW, shadow=True)
    answered(adapters, None, times=30, shadow=(False, True))  # written before "lora-old" came
    answered(adapters, NEW, times=3, shadow=(False, True))
    answered(adapters, "lora-old", times=4, shadow=(False, False))
    (watched, _) = guard.watched(MODEL)
    assert watched.measures["unsupported"].after == Count(0, 4)
    guard.look()
    assert adapters.served(MODEL)["challenger"] == NEW


def test_people_see_only_what_passed_and_a_shadow_is_not_seen(guard: Guard) -> None:
    adapters = guard.adapters
    add(adapters, "lora-bad", FAILED)
    with pytest.raises(Conflict, match="Not better"):
        adapters.try_out(ME, "lora-bad", share=10)
    adapters.try_out(SHELL, "lora-bad", shadow=True)
    adapters.try_out(SHELL, "lora-bad", share=5, consent=Consent(force=True))
    assert [e.detail["share"] for e in audited(adapters, "adapter.canary")] == [0, 5]
    for share, shadow in ((0, False), (100, False), (10, True)):
        with pytest.raises(Invalid):
            adapters.try_out(ME, NEW, share=share, shadow=shadow)
    assert adapters.rollback(ME, MODEL) == ("challenger", None)
    adapters.promote(ME, NEW)
    with pytest.raises(Conflict, match="everything already"):
        adapters.try_out(ME, NEW, share=10)
