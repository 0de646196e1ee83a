"""Storage metrics, counted in the database when Prometheus scrapes.

All API processes report the same numbers, so the workers need no endpoint of their own. In queries,
take `max by (state) (…)` over the processes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlmodel import col, func, select

from app.db.engine import Database
from app.db.tables import Heartbeat, Job, KnowledgeBase, StoredDocument, utc_now

_DOCUMENT_STATES = ("queued", "parsing", "embedding", "ready", "failed", "superseded")
_JOB_STATES = ("queued", "running", "done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Counts:
    bases: int
    documents: dict[str, int]  # by state
    failures: dict[str, int]  # by error code
    jobs: dict[str, int]  # by state
    chunks: int
    oldest_queued: datetime | None
    worker_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Inventory(Collector):
    """A collector for prometheus-client."""

    db: Database

    def counts(self) -> Counts:
        """Six aggregates over indexed or small tables; chunks are summed per document."""
        state, number = col(StoredDocument.state), func.count()
        kept = col(StoredDocument.base_id).in_(select(KnowledgeBase.id))  # not those being deleted
        with self.db.read() as session:
            documents = dict(session.exec(select(state, number).where(kept).group_by(state)).all())
            code = col(StoredDocument.error_code)
            failures = session.exec(
                select(code, number).where(state == "failed", kept).group_by(code)
            )
            chunks = select(func.sum(StoredDocument.chunk_count)).where(state == "ready", kept)
            # What waits behind others on purpose says nothing about the worker.
            oldest = select(func.min(Job.created_at)).where(
                col(Job.state) == "queued", col(Job.priority) == 0
            )
            seen = select(func.max(Heartbeat.seen_at))
            return Counts(
                bases=session.exec(select(number).select_from(KnowledgeBase)).one(),
                documents={**dict.fromkeys(_DOCUMENT_STATES, 0), **documents},
                failures={code or "unknown": count for code, count in failures},
                jobs={
                    **dict.fromkeys(_JOB_STATES, 0),
                    **dict(session.exec(select(col(Job.state), number).group_by(Job.state)).all()),
                },
                chunks=session.exec(chunks).one() or 0,
                oldest_queued=session.exec(oldest).one(),
                worker_seen=session.exec(seen).one(),
            )

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self.counts()
        waits = (utc_now() - found.oldest_queued).total_seconds() if found.oldest_queued else 0.0
        seen = found.worker_seen.timestamp() if found.worker_seen else 0.0
        yield GaugeMetricFamily("zhiwen_knowledge_bases", "Knowledge bases", found.bases)
        yield GaugeMetricFamily("zhiwen_chunks", "Searchable chunks", found.chunks)
        yield GaugeMetricFamily(
            "zhiwen_job_oldest_queued_age_seconds", "Waiting time of the next job", waits
        )
        yield GaugeMetricFamily(
            "zhiwen_worker_last_seen_timestamp_seconds", "Time of the last worker heartbeat", seen
        )
        for name, about, label, values in (
            ("zhiwen_documents", "Documents by state", "state", found.documents),
            ("zhiwen_documents_failed", "Failed documents by reason", "kind", found.failures),
            ("zhiwen_jobs", "Jobs by state", "state", found.jobs),
        ):
            family = GaugeMetricFamily(name, about, labels=(label,))
            for value, count in values.items():
                family.add_metric((value,), count)
            yield family
