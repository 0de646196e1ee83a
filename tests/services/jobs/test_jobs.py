import threading
from datetime import timedelta

import pytest

from app.db.tables import Heartbeat, Job, utc_now
from app.services.errors import Conflict, NotFound
from app.services.jobs.queue import LEASE_S, MAX_ATTEMPTS, Claim, Jobs, jobs_before
from app.services.jobs.workers import ALIVE_S, beat, forget, heartbeats, is_alive
from tests.services.conftest import HANDBOOK, House


def queue(house: House, count: int) -> list[str]:
    """Queue that many documents; their ids, oldest first."""
    base_id = house.base()
    return [house.add(base_id, f"{i}.txt", f"第{i}份文件。") for i in range(count)]


def let_the_lease_run_out(house: House, claim: Claim) -> None:
    with house.db.write() as session:
        job = session.get_one(Job, claim.job_id)
        job.lease_until = utc_now() - timedelta(seconds=1)
        session.add(job)


def claim(jobs: Jobs, worker: str = "a") -> Claim:
    taken = jobs.claim(worker)
    assert taken is not None
    return taken


def test_the_oldest_job_comes_first_and_only_once(house: House) -> None:
    documents = queue(house, 3)
    assert house.jobs.waiting() == 3
    assert [claim(house.jobs).document_id for _ in documents] == documents
    assert house.jobs.claim("a") is None
    assert house.jobs.waiting() == 0


def test_a_job_is_claimed_again_when_its_lease_ran_out(house: House) -> None:
    queue(house, 1)
    first = claim(house.jobs, "a")
    assert house.jobs.claim("b") is None
    let_the_lease_run_out(house, first)
    second = claim(house.jobs, "b")
    assert (second.job_id, second.attempt) == (first.job_id, 2)


def test_renewing_holds_a_job_and_only_its_own_worker_can(house: House) -> None:
    queue(house, 1)
    held = claim(house.jobs, "a")
    let_the_lease_run_out(house, held)
    house.jobs.renew("b")
    assert house.jobs.waiting() == 1
    house.jobs.renew("a")
    assert house.jobs.waiting() == 0
    until = house.jobs.get(held.job_id).lease_until
    assert until is not None
    assert utc_now() < until <= utc_now() + timedelta(seconds=LEASE_S)


def test_what_a_dead_worker_held_is_released_and_nothing_else(house: House) -> None:
    documents = queue(house, 2)
    claim(house.jobs, "a")
    claim(house.jobs, "b")
    house.jobs.release("a")
    assert claim(house.jobs, "c").document_id == documents[0]
    assert house.jobs.claim("c") is None


def test_a_file_that_keeps_ending_its_worker_fails_and_the_next_one_is_read(house: House) -> None:
    killer, harmless = queue(house, 2)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        taken = claim(house.jobs, "a")
        assert (taken.document_id, taken.attempt) == (killer, attempt)
        house.jobs.release("a")

    assert claim(house.jobs, "a").document_id == harmless

    failed = house.documents.get(killer).document
    assert (failed.state, failed.error_code) == ("failed", "worker_died")
    assert house.jobs.claim("a") is None
    assert [job.state for job in house.jobs.newest()] == ["running", "failed"]


def test_a_failed_document_can_be_tried_again_from_the_first_attempt(house: House) -> None:
    (document_id,) = queue(house, 1)
    for _ in range(MAX_ATTEMPTS):
        claim(house.jobs)
        house.jobs.release("a")
    assert house.jobs.claim("a") is None

    house.documents.retry(document_id)
    house.drain()

    document = house.documents.get(document_id).document
    assert (document.state, document.error_code, document.error_detail) == ("ready", None, None)


def test_being_told_to_stop_is_no_attempt(house: House) -> None:
    queue(house, 1)
    for _ in range(MAX_ATTEMPTS + 1):
        assert claim(house.jobs, "a").attempt == 1
        house.jobs.give_back("a")
    assert house.jobs.waiting() == 1


def test_a_worker_that_lost_its_claim_changes_nothing(house: House) -> None:
    (document_id,) = queue(house, 1)
    lost = claim(house.jobs, "a")
    let_the_lease_run_out(house, lost)
    house.drain("b")
    assert house.state(document_id) == "ready"

    house.jobs.progress(lost, "embedding", 1, 2)
    house.jobs.fail(lost, "internal", "too late")

    assert house.state(document_id) == "ready"
    assert house.jobs.get(lost.job_id).state == "done"


@pytest.mark.parametrize("workers", [2, 6])
def test_workers_never_share_a_job(house: House, workers: int) -> None:
    documents = queue(house, 12)
    taken: list[str] = []
    begin = threading.Barrier(workers)

    def work(name: str) -> None:
        begin.wait()
        while (claimed := house.jobs.claim(name)) is not None:
            taken.append(claimed.document_id)

    threads = [threading.Thread(target=work, args=(f"worker-{i}",)) for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(documents)


def test_progress_is_seen_on_the_document(house: House) -> None:
    base_id = house.base()
    document_id = house.add(base_id, "手册.md", HANDBOOK)
    house.jobs.progress(claim(house.jobs), "embedding", 3, 8)
    view = house.documents.get(document_id)
    assert (view.document.state, view.done, view.total) == ("embedding", 3, 8)


def evaluate(house: House, base_id: str) -> str:
    """Queue an evaluation of the base; the job's id."""
    job = Job(kind="evaluate", base_id=base_id, request={"answers": True})
    with house.db.write() as session:
        session.add(job)
    return job.id


def test_each_kind_of_job_is_claimed_on_its_own(house: House) -> None:
    base_id = house.base()
    evaluation = evaluate(house, base_id)
    document_id = house.add(base_id, "手册.md", HANDBOOK)
    assert (house.jobs.waiting(), house.jobs.waiting("evaluate")) == (2, 1)
    assert claim(house.jobs).document_id == document_id
    assert house.jobs.claim("a") is None
    claimed = house.jobs.claim("a", "evaluate")
    assert claimed is not None
    assert (claimed.job_id, claimed.base_id) == (evaluation, base_id)
    assert claimed.request == {"answers": True}
    assert claimed.document_id == ""


def test_an_evaluation_that_keeps_ending_its_worker_fails_with_a_reason(house: House) -> None:
    evaluation = evaluate(house, house.base())
    for _ in range(MAX_ATTEMPTS):
        assert house.jobs.claim("a", "evaluate") is not None
        house.jobs.release("a")
    assert house.jobs.claim("a", "evaluate") is None
    job = house.jobs.get(evaluation)
    assert (job.state, job.error_code) == ("failed", "worker_died")
    assert "worker ended 3 times" in (job.error_detail or "")


def test_deleting_a_base_takes_its_jobs_along(house: House) -> None:
    base_id = house.base()
    evaluate(house, base_id)
    house.add(base_id, "手册.md", HANDBOOK)
    house.documents.delete_base(base_id)
    assert house.jobs.newest() == []


def test_large_documents_can_be_left_to_others(house: House) -> None:
    base_id = house.base()
    house.add(base_id, "large.txt", "年假十五天。" * 100)
    small = house.add(base_id, "small.txt", "年假。")
    claimed = house.jobs.claim("a", max_bytes=100)
    assert claimed is not None and claimed.document_id == small
    assert house.jobs.claim("a", max_bytes=100) is None


def test_a_waiting_job_knows_how_many_of_its_kind_are_before_it(house: House) -> None:
    base_id = house.base()
    runs = [evaluate(house, base_id) for _ in range(2)]
    for number in range(4):
        house.add(base_id, f"{number}.txt", f"第{number}份文件。")
    claim(house.jobs)
    ingest = [job.id for job in reversed(house.jobs.newest(kind="ingest"))]
    with house.db.read() as session:
        before = jobs_before(session, [*ingest, *runs])
        assert before == {
            **{ingest[1]: 1, ingest[2]: 2, ingest[3]: 3},  # the first one runs
            **{runs[0]: 0, runs[1]: 1},
        }
        assert jobs_before(session, [ingest[2]]) == {ingest[2]: 2}
    house.drain()
    with house.db.read() as session:
        assert jobs_before(session, ingest) == {}


def test_a_queued_job_that_is_cancelled_is_never_claimed(house: House) -> None:
    (document_id,) = queue(house, 1)
    (job,) = house.jobs.newest()
    assert house.jobs.cancel(job.id).state == "cancelled"
    assert house.jobs.claim("a") is None
    document = house.documents.get(document_id).document
    assert (document.state, document.error_code) == ("failed", "cancelled")
    with pytest.raises(Conflict):
        house.jobs.cancel(job.id)
    with pytest.raises(NotFound):
        house.jobs.cancel("none")

    house.documents.retry(document_id)
    house.drain()
    assert house.state(document_id) == "ready"


def test_a_running_job_that_is_cancelled_is_lost_to_its_worker(house: House) -> None:
    (document_id,) = queue(house, 1)
    claimed = claim(house.jobs)
    assert house.jobs.holds(claimed)
    house.jobs.cancel(claimed.job_id)
    assert not house.jobs.holds(claimed)
    assert not house.jobs.progress(claimed, "parsing", 0, 1)
    house.ingestion.run(claimed, "a")
    assert house.state(document_id) == "failed"
    assert house.documents.chunks(document_id, limit=10, offset=0) == []


def test_every_worker_has_a_heartbeat_of_its_own(house: House) -> None:
    beat(house.db, "a", "idle")
    beat(house.db, "b", "busy")
    beat(house.db, "a", "busy")
    assert {each.worker: each.state for each in heartbeats(house.db)} == {"a": "busy", "b": "busy"}

    with house.db.write() as session:
        session.get_one(Heartbeat, "a").seen_at = utc_now() - timedelta(seconds=ALIVE_S + 1)
    assert [each.worker for each in heartbeats(house.db) if is_alive(each)] == ["b"]

    with house.db.write() as session:
        session.get_one(Heartbeat, "a").seen_at = utc_now() - timedelta(days=2)
    forget(house.db, "b")
    assert heartbeats(house.db) == []
