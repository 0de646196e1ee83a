"""Takes a new adapter back by itself where it is surely worse than the one before.

It does where the evidence of one of the four measures reaches `LIMIT` and the share of bad answers
is `MARGIN` higher: by e-values (`app.tuning.sequential`) that an adapter which is no worse meets
with a probability of at most 5 % as long as its share and the champion stay, over all measures
together (Bonferroni), though it is looked at again and again. Another share or champion is counted
anew (`counts.py`).

It is made for what goes badly wrong, not to find the better one. At a share of 50 %, a rise of bad
answers from 15 to 50 % is noticed after about 110 conversations (median of 200 simulations, `python
-m evals.quality.canary`), to 30 % after 590, to 20 % after 3,990 where at all; at a share of 10 %,
from 15 to 50 % after 290 and to 30 % after 1,490. Ratings come to few of them: to tell 80 % of
right answers from 85 % takes 900 rated ones on each side, so the gate decides before.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from app.llm.adapters import BARE
from app.services.errors import Conflict
from app.services.improvement.adapters import Adapters
from app.services.improvement.canary.counts import (
    METRICS,
    Measure,
    Metric,
    Watched,
    count_champion,
    count_trial,
)

log = logging.getLogger(__name__)

LIMIT = len(METRICS) / 0.05
MARGIN = 0.05
RATED_FOR_5_POINTS = 900  # on each side: 80 or 85 %, two proportions, 5 % error, 80 % power

_WORDS: Mapping[Metric, str] = {
    "rated_down": "It is rated down more often",
    "refused": "It refuses more",
    "unsupported": "It states more that no source states",
    "slow": "It is slower",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """`engines`: by model, the names of those that serve it."""

    adapters: Adapters
    engines: Callable[[], Mapping[str, Sequence[str]]]

    def look(self) -> None:
        """Count, and take back what is worse."""
        if not self.adapters.newest_move():
            return
        for base_model in self.engines():
            for watched in self.watched(base_model):
                found = next(((m, each) for m, each in watched.measures.items() if bad(each)), None)
                if found is not None:
                    self._take_back(base_model, watched, *found)

    def watched(self, base_model: str) -> list[Watched]:
        """The challenger that answers, and a new champion."""
        engines = self.engines().get(base_model, ())
        trial = self.adapters.trial(base_model)
        champion = self.adapters.served(base_model).get("champion", BARE)
        with self.adapters.db.read() as session:
            found = [count_trial(session, trial, champion, engines)] if trial is not None else []
            new = count_champion(session, base_model, engines)
        return [*found, new] if new is not None else found

    def _take_back(
        self, base_model: str, watched: Watched, metric: Metric, measure: Measure
    ) -> None:
        reason = said(metric, measure)
        try:
            self.adapters.rollback(
                None,
                base_model,
                watched.alias,
                reason=reason,
                guard={"metric": metric, **asdict(measure)},
                expected=watched.name,
            )
        except Conflict:  # a person was faster
            return
        log.warning("%s %s was taken back: %s", watched.alias, watched.name, reason)


def bad(measure: Measure) -> bool:
    """Whether it is surely and markedly worse."""
    return measure.evidence >= LIMIT and measure.after.share - measure.before.share >= MARGIN


def said(metric: Metric, measure: Measure) -> str:
    """Why, in English."""
    before, after = measure.before, measure.after
    return (
        f"{_WORDS[metric]}: {after.bad} of {after.of} conversations, "
        f"before it {before.bad} of {before.of}."
    )
