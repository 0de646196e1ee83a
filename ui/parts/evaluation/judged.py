"""What a run says of each question: was the right source found, does the answer hold what was
expected?"""

from collections.abc import Mapping
from dataclasses import dataclass

from ui.client import wire

_FOUND, _HELD = "found.RR", "contains_gold"


@dataclass(frozen=True, slots=True)
class Judged:
    """`found` and `held` are None where the question doesn't tell or wasn't answered; `rank`: of
    the right source among those found, 0 if none; `answer`: empty where none was written."""

    question: str
    found: bool | None
    held: bool | None
    rank: int
    answer: str
    expected: tuple[str, ...]

    @property
    def failed(self) -> bool:
        return self.found is False or self.held is False


@dataclass(frozen=True, slots=True)
class Count:
    right: int
    of: int


def judged(run: wire.EvalRun) -> dict[str, Judged]:
    """By question, in order. Of a run with all its questions."""
    return {record["qid"]: _of(record) for record in run["result"].get("records", [])}


def _of(record: wire.EvalRecord) -> Judged:
    scores, details = record["scores"], record["details"]
    return Judged(
        record["question"],
        scores[_FOUND] > 0 if _FOUND in scores else None,
        scores[_HELD] > 0 if _HELD in scores else None,
        int(details.get("rank", 0)),
        details.get("answer", ""),
        tuple(record["gold"]),
    )


def found(all_of: Mapping[str, Judged]) -> Count:
    """Questions whose right source was found, of those that name one."""
    told = [each.found for each in all_of.values() if each.found is not None]
    return Count(sum(told), len(told))


def held(all_of: Mapping[str, Judged]) -> Count:
    """Answers that hold what was expected, of those that something was expected of."""
    told = [each.held for each in all_of.values() if each.held is not None]
    return Count(sum(told), len(told))


def changed(
    before: Mapping[str, Judged], after: Mapping[str, Judged]
) -> tuple[list[tuple[Judged, Judged]], list[tuple[Judged, Judged]]]:
    """Questions of both that got better, and those that got worse; one may be in both."""
    pairs = [(before[key], now) for key, now in after.items() if key in before]
    better = [(a, b) for a, b in pairs if _turned(a, b, to=True)]
    worse = [(a, b) for a, b in pairs if _turned(a, b, to=False)]
    return better, worse


def _turned(before: Judged, after: Judged, *, to: bool) -> bool:
    pairs = ((before.found, after.found), (before.held, after.held))
    return any(a is (not to) and b is to for a, b in pairs)
