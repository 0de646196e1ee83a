"""What is counted of the answers of a new adapter and of the one before.

One answer of each conversation counts, the first, and of ratings the first rated one: conversations
are dealt out, and answers of one conversation are not independent of each other (Kohavi, Tang & Xu,
"Trustworthy Online Controlled Experiments", 2020, chapter 14: analyse by what was randomised).

- A **challenger** with a share is counted against the champion's conversations of the same time,
  since it has this share: pooled over several, the one that answers more in a week of hard
  questions would look worse (Simpson's paradox).
- A **challenger in the shadow** is counted against the very answers that the champion showed.
  Nobody rates what nobody sees, and its time says nothing, as it waits for an idle engine.
- A **champion** is counted for its first days against the newest answers of the one before. Nobody
  dealt these out: other times bring other questions, so only a large difference should count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Row, select
from sqlmodel import Session, col

from app.db.tables import AdapterMove, ShadowAnswer, StoredFeedback, StoredMessage, utc_now
from app.llm.adapters import BARE
from app.services.improvement import moves
from app.services.improvement.adapters import Trial
from app.services.improvement.moves import Alias
from app.tuning.refusals import is_refusal
from app.tuning.sequential import Count, worse, worse_in_pairs

Metric = Literal["rated_down", "refused", "unsupported", "slow"]
METRICS: tuple[Metric, ...] = get_args(Metric)

WATCHED_DAYS = 14  # of a champion
_BEFORE = 500  # answers of the one before
_AT_MOST = 20_000  # answers of each
_SLOW = 2.0  # times the usual time
_USUAL_FROM = 20  # answers, below which nobody knows the usual time
_WRITTEN = ("stop", "length", "repeated", "not_stated")  # by a model


@dataclass(frozen=True, slots=True)
class Measure:
    """Conversations, and how many of them are bad. `evidence`: that it got worse, an e-value of
    `app.tuning.sequential`."""

    before: Count
    after: Count
    evidence: float


@dataclass(frozen=True, slots=True)
class Watched:
    """`name` is watched against `before`, empty for the bare model. `slow_ms`: an answer that takes
    longer is slow; None where too few were given before to say."""

    alias: Alias
    name: str
    before: str
    share: int
    shadow: bool
    since: datetime
    measures: Mapping[Metric, Measure]
    slow_ms: float | None


def count_trial(session: Session, trial: Trial, champion: str, engines: Sequence[str]) -> Watched:
    """Of a challenger that answers; `engines` serve its model."""
    if trial.shadow:
        measures, slow = _in_pairs(session, trial, champion), None
    else:
        slow = _slow_ms(session, engines, champion, trial.since)
        measures = _compared(
            _answers(session, engines, champion, since=trial.since),
            _answers(session, engines, trial.name, since=trial.since),
            slow,
        )
    return Watched(
        "challenger", trial.name, champion, trial.share, trial.shadow, trial.since, measures, slow
    )


def count_champion(session: Session, base_model: str, engines: Sequence[str]) -> Watched | None:
    """Of the present champion; None where it is none, or no new one."""
    stack = moves.champions(session, base_model)
    last = _last(session, base_model)
    if not stack or last is None or last.back:
        return None
    if last.moved_at < utc_now() - timedelta(days=WATCHED_DAYS):
        return None
    name, since = str(last.adapter_name), last.moved_at
    before = str(stack[-2].adapter_name) if len(stack) > 1 else BARE
    slow = _slow_ms(session, engines, before, since)
    earlier = _answers(session, engines, before, until=since)[-_BEFORE:]
    measures = _compared(earlier, _answers(session, engines, name, since=since), slow)
    return Watched("champion", name, before, 0, False, since, measures, slow)


def _last(session: Session, base_model: str) -> AdapterMove | None:
    made = moves.moves(session, base_model, "champion")
    return made[-1] if made else None


_COLUMNS = (
    col(StoredMessage.conversation_id),
    col(StoredMessage.content),
    col(StoredMessage.checks),
    col(StoredMessage.timings_ms),
    col(StoredFeedback.rating),
)
_Answer = Row[tuple[str, str, list[dict[str, Any]], dict[str, float], str | None]]


def _answers(
    session: Session,
    engines: Sequence[str],
    adapter: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[_Answer]:
    """The newest ones, oldest first."""
    query = (
        select(*_COLUMNS)
        .outerjoin(StoredFeedback, col(StoredFeedback.message_id) == col(StoredMessage.id))
        .where(
            col(StoredMessage.model).in_(engines),
            col(StoredMessage.task) == "qa",
            col(StoredMessage.state) == "complete",
            col(StoredMessage.finish_reason).in_(_WRITTEN),
            col(StoredMessage.cached_from).is_(None),
            _written_by(adapter),
        )
        .order_by(col(StoredMessage.created_at).desc())
        .limit(_AT_MOST if since is not None else _BEFORE)
    )
    if since is not None:
        query = query.where(col(StoredMessage.created_at) >= since)
    if until is not None:
        query = query.where(col(StoredMessage.created_at) < until)
    return list(session.connection().execute(query))[::-1]


def _written_by(adapter: str) -> ColumnElement[bool]:
    """By the bare model where it is empty."""
    by = col(StoredMessage.adapter)
    return by == adapter if adapter else by.is_(None)


def _slow_ms(
    session: Session, engines: Sequence[str], adapter: str, until: datetime
) -> float | None:
    earlier = _answers(session, engines, adapter, until=until)
    times = [row.timings_ms["total"] for row in earlier if "total" in row.timings_ms]
    return _SLOW * median(times) if len(times) >= _USUAL_FROM else None


def _compared(
    before: Sequence[_Answer], after: Sequence[_Answer], slow_ms: float | None
) -> dict[Metric, Measure]:
    found: dict[Metric, Measure] = {}
    for metric in METRICS:
        if metric == "slow" and slow_ms is None:
            continue
        old, new = (_count(metric, arm, slow_ms or 0.0) for arm in (before, after))
        found[metric] = Measure(old, new, worse(old, new))
    return found


def _count(metric: Metric, answers: Iterable[_Answer], slow_ms: float) -> Count:
    bad: dict[str, bool] = {}
    for row in answers:
        if row.conversation_id in bad or (metric == "rated_down" and row.rating is None):
            continue
        bad[row.conversation_id] = _is_bad(metric, row, slow_ms)
    return Count(sum(bad.values()), len(bad))


def _is_bad(metric: Metric, row: _Answer, slow_ms: float) -> bool:
    match metric:
        case "rated_down":
            return bool(row.rating == "down")
        case "refused":
            return is_refusal(row.content)
        case "unsupported":
            return states_more(row.checks)
        case "slow":
            return float(row.timings_ms.get("total", 0.0)) > slow_ms


def states_more(checks: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a verdict says that no source, or another one, states something."""
    return any(check["verdict"] in ("unsupported", "contradicted") for check in checks)


def _in_pairs(session: Session, trial: Trial, champion: str) -> dict[Metric, Measure]:
    rows = session.connection().execute(
        select(
            col(StoredMessage.conversation_id),
            col(StoredMessage.content),
            col(StoredMessage.checks),
            col(ShadowAnswer.refused),
            col(ShadowAnswer.unsupported),
        )
        .join(ShadowAnswer, col(ShadowAnswer.message_id) == col(StoredMessage.id))
        .where(col(ShadowAnswer.adapter_name) == trial.name, _written_by(champion))
        .order_by(col(StoredMessage.created_at).desc())
        .limit(_AT_MOST)
    )
    first = {row.conversation_id: row for row in rows}.values()  # the oldest of each comes last
    pairs: dict[Metric, list[tuple[bool, bool]]] = {
        "refused": [(is_refusal(row.content), row.refused) for row in first],
        "unsupported": [(states_more(row.checks), row.unsupported) for row in first],
    }
    return {metric: _paired(found) for metric, found in pairs.items()}


def _paired(pairs: Sequence[tuple[bool, bool]]) -> Measure:
    old, new = (Count(sum(pair[n] for pair in pairs), len(pairs)) for n in (0, 1))
    only = [sum(pair == which for pair in pairs) for which in ((True, False), (False, True))]
    return Measure(old, new, worse_in_pairs(*only))
