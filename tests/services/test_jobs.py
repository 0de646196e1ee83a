import threading
from datetime import timedelta

import pytest

from app.db.tables import Job, utc_now
from app.services.library.jobs import LEASE_S, MAX_ATTEMPTS, Claim, Jobs
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
