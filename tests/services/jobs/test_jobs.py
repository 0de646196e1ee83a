import threading
from datetime import timedelta

import pytest

from app.db.tables import Heartbeat, Job, utc_now
from app.services.errors import Conflict, NotFound
from app.services.jobs.queue import LEASE_S, MAX_ATTEMPTS, Claim, Jobs, jobs_before
from app.services.jobs.workers import ALIVE_S, beat, forget, heartbeats, is_alive
from app.services.people.access import LOCAL_OWNER as ME
from tests.services.conftest import HANDBOOK, Application


def queue(application: Application, count: int) -> list[str]:
    """Queue that many documents; their ids, oldest first."""
    base_id = application.base()
    return [application.add(base_id, f"{i}.txt", f"第{i}份文件。") for i in range(count)]


def let_the_lease_run_out(application: Application, claim: Claim) -> None:
    with application.db.write() as session:
        job = session.get_one(Job, claim.job_id)
        job.lease_until = utc_now() - timedelta(seconds=1)
        session.add(job)


def claim(jobs: Jobs, worker: str = "a") -> Claim:
    taken = jobs.claim(worker)
    assert taken is not None
    return taken


def test_the_oldest_job_comes_first_and_only_once(application: Application) -> None:
    documents = queue(application, 3)
    assert application.jobs.waiting() == 3
    assert [claim(application.jobs).document_id for _ in documents] == documents
    assert application.jobs.claim("a") is None
    assert application.jobs.waiting() == 0


def test_a_job_is_claimed_again_when_its_lease_ran_out(application: Application) -> None:
    queue(application, 1)
    first = claim(application.jobs, "a")
    assert application.jobs.claim("b") is None
    let_the_lease_run_out(application, first)
    second = claim(application.jobs, "b")
    assert (second.job_id, second.attempt) == (first.job_id, 2)


def test_renewing_holds_a_job_and_only_its_own_worker_can(application: Application) -> None:
    queue(application, 1)
    held = claim(application.jobs, "a")
    let_the_lease_run_out(application, held)
    application.jobs.renew("b")
    assert application.jobs.waiting() == 1
    application.jobs.renew("a")
    assert application.jobs.waiting() == 0
    until = application.jobs.get(ME, held.job_id).lease_until
    assert until is not None
    assert utc_now() < until <= utc_now() + timedelta(seconds=LEASE_S)


def test_what_a_dead_worker_held_is_released_and_nothing_else(application: Application) -> None:
    documents = queue(application, 2)
    claim(application.jobs, "a")
    claim(application.jobs, "b")
    application.jobs.release("a")
    assert claim(application.jobs, "c").document_id == documents[0]
    assert application.jobs.claim("c") is None


def test_a_file_that_keeps_ending_its_worker_fails_and_the_next_one_is_read(
    application: Application,
) -> None:
    killer, harmless = queue(application, 2)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        taken = claim(application.jobs, "a")
        assert (taken.document_id, taken.attempt) == (killer, attempt)
        application.jobs.release("a")

    assert claim(application.jobs, "a").document_id == harmless

    failed = application.documents.get(ME, killer).document
    assert (failed.state, failed.error_code) == ("failed", "worker_died")
    assert application.jobs.claim("a") is None
    assert [job.state for job in application.jobs.newest(ME)] == ["running", "failed"]


def test_a_failed_document_can_be_tried_again_from_the_first_attempt(
    application: Application,
) -> None:
    (document_id,) = queue(application, 1)
    for _ in range(MAX_ATTEMPTS):
        claim(application.jobs)
        application.jobs.release("a")
    assert application.jobs.claim("a") is None

    application.documents.retry(ME, document_id)
    application.drain()

    document = application.documents.get(ME, document_id).document
    assert (document.state, document.error_code, document.error_detail) == ("ready", None, None)


def test_being_told_to_stop_is_no_attempt(application: Application) -> None:
    queue(application, 1)
    for _ in range(MAX_ATTEMPTS + 1):
        assert claim(application.jobs, "a").attempt == 1
        application.jobs.give_back("a")
    assert application.jobs.waiting() == 1


def test_a_worker_that_lost_its_claim_changes_nothing(application: Application) -> None:
    (document_id,) = queue(application, 1)
    lost = claim(application.jobs, "a")
    let_the_lease_run_out(application, lost)
    application.drain("b")
    assert application.state(document_id) == "ready"

    application.jobs.progress(lost, "embedding", 1, 2)
    application.jobs.fail(lost, "internal", "too late")

    assert application.state(document_id) == "ready"
    assert application.jobs.get(ME, lost.job_id).state == "done"


@pytest.mark.parametrize("workers", [2, 6])
def test_workers_never_share_a_job(application: Application, workers: int) -> None:
    documents = queue(application, 12)
    taken: list[str] = []
    begin = threading.Barrier(workers)

    def work(name: str) -> None:
        begin.wait()
        while (claimed := application.jobs.claim(name)) is not None:
            taken.append(claimed.document_id)

    threads = [threading.Thread(target=work, args=(f"worker-{i}",)) for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(documents)


def test_progress_is_seen_on_the_document(application: Application) -> None:
    base_id = application.base()
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    application.jobs.progress(claim(application.jobs), "embedding", 3, 8)
    view = application.documents.get(ME, document_id)
    assert (view.document.state, view.done, view.total) == ("embedding", 3, 8)


def evaluate(application: Application, base_id: str) -> str:
    """Queue an evaluation of the base; the job's id."""
    job = Job(kind="evaluate", base_id=base_id, request={"answers": True})
    with application.db.write() as session:
        session.add(job)
    return job.id


def test_each_kind_of_job_is_claimed_on_its_own(application: Application) -> None:
    base_id = application.base()
    evaluation = evaluate(application, base_id)
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    assert (application.jobs.waiting(), application.jobs.waiting("evaluate")) == (2, 1)
    assert claim(application.jobs).document_id == document_id
    assert application.jobs.claim("a") is None
    claimed = application.jobs.claim("a", "evaluate")
    assert claimed is not None
    assert (claimed.job_id, claimed.base_id) == (evaluation, base_id)
    assert claimed.request == {"answers": True}
    assert claimed.document_id == ""


def test_an_evaluation_that_keeps_ending_its_worker_fails_with_a_reason(
    application: Application,
) -> None:
    evaluation = evaluate(application, application.base())
    for _ in range(MAX_ATTEMPTS):
        assert application.jobs.claim("a", "evaluate") is not None
        application.jobs.release("a")
    assert application.jobs.claim("a", "evaluate") is None
    job = application.jobs.get(ME, evaluation)
    assert (job.state, job.error_code) == ("failed", "worker_died")
    assert "worker ended 3 times" in (job.error_detail or "")


def test_deleting_a_base_takes_its_jobs_along(application: Application) -> None:
    base_id = application.base()
    evaluate(application, base_id)
    application.add(base_id, "手册.md", HANDBOOK)
    application.documents.delete_base(ME, base_id)
    assert application.jobs.newest(ME) == []


def test_large_documents_can_be_left_to_others(application: Application) -> None:
    base_id = application.base()
    application.add(base_id, "large.txt", "年假十五天。" * 100)
    small = application.add(base_id, "small.txt", "年假。")
    claimed = application.jobs.claim("a", max_bytes=100)
    assert claimed is not None and claimed.document_id == small
    assert application.jobs.claim("a", max_bytes=100) is None


def test_a_waiting_job_knows_how_many_of_its_kind_are_before_it(application: Application) -> None:
    base_id = application.base()
    runs = [evaluate(application, base_id) for _ in range(2)]
    for number in range(4):
        application.add(base_id, f"{number}.txt", f"第{number}份文件。")
    claim(application.jobs)
    ingest = [job.id for job in reversed(application.jobs.newest(ME, kind="ingest"))]
    with application.db.read() as session:
        before = jobs_before(session, [*ingest, *runs])
        assert before == {
            **{ingest[1]: 1, ingest[2]: 2, ingest[3]: 3},  # the first one runs
            **{runs[0]: 0, runs[1]: 1},
        }
        assert jobs_before(session, [ingest[2]]) == {ingest[2]: 2}
    application.drain()
    with application.db.read() as session:
        assert jobs_before(session, ingest) == {}


def test_a_queued_job_that_is_cancelled_is_never_claimed(application: Application) -> None:
    (document_id,) = queue(application, 1)
    (job,) = application.jobs.newest(ME)
    assert application.jobs.cancel(ME, job.id).state == "cancelled"
    assert application.jobs.claim("a") is None
    document = application.documents.get(ME, document_id).document
    assert (document.state, document.error_code) == ("failed", "cancelled")
    with pytest.raises(Conflict):
        application.jobs.cancel(ME, job.id)
    with pytest.raises(NotFound):
        application.jobs.cancel(ME, "none")

    application.documents.retry(ME, document_id)
    application.drain()
    assert application.state(document_id) == "ready"


def test_a_running_job_that_is_cancelled_is_lost_to_its_worker(application: Application) -> None:
    (document_id,) = queue(application, 1)
    claimed = claim(application.jobs)
    assert application.jobs.holds(claimed)
    application.jobs.cancel(ME, claimed.job_id)
    assert not application.jobs.holds(claimed)
    assert not application.jobs.progress(claimed, "parsing", 0, 1)
    application.ingestion.run(claimed, "a")
    assert application.state(document_id) == "failed"
    assert application.documents.chunks(ME, document_id, limit=10, offset=0) == []


def test_every_worker_has_a_heartbeat_of_its_own(application: Application) -> None:
    beat(application.db, "a", "idle")
    beat(application.db, "b", "busy")
    beat(application.db, "a", "busy")
    assert {each.worker: each.state for each in heartbeats(application.db)} == {
        "a": "busy",
        "b": "busy",
    }

    with application.db.write() as session:
        session.get_one(Heartbeat, "a").seen_at = utc_now() - timedelta(seconds=ALIVE_S + 1)
    assert [each.worker for each in heartbeats(application.db) if is_alive(each)] == ["b"]

    with application.db.write() as session:
        session.get_one(Heartbeat, "a").seen_at = utc_now() - timedelta(days=2)
    forget(application.db, "b")
    assert heartbeats(application.db) == []
