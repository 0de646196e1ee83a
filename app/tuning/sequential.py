"""Is the one surely worse than the other? Tests that may be looked at after every answer.

A test of fixed size that is repeated after each answer finds a difference sooner or later where
there is none. These give e-values instead: under the hypothesis that nothing got worse, one ever
reaches 1/α with a probability of at most α, however often it is looked at and whenever counting
ends (Ville's inequality; Ramdas, Grünwald, Vovk & Shafer, "Game-Theoretic Statistics and Safe
Anytime-Valid Inference", Statistical Science 2023).

- Two groups: the likelihood of the counts with a share of its own for each group, averaged by
  Jeffreys' prior, over the largest likelihood with one share for both (mixtures: Robbins, 1970;
  against the largest likelihood: Wasserman, Ramdas & Balakrishnan, "Universal Inference", PNAS
  2020). Nothing is approximated, and the groups may be of any sizes.
- Pairs, where both answered the same: only pairs that differ count, and each way is as likely as
  the other where nothing got worse (McNemar, 1947, with the same prior).
"""

import math
from dataclasses import dataclass

_PRIOR = 0.5  # Jeffreys: Beta(½, ½)


@dataclass(frozen=True, slots=True)
class Count:
    """`bad` ones of so many."""

    bad: int
    of: int

    @property
    def share(self) -> float:
        return self.bad / self.of if self.of else 0.0


def worse(before: Count, after: Count) -> float:
    """E-value against "the share of bad ones did not rise"; 0 where it did not."""
    if not before.of or not after.of or after.share <= before.share:
        return 0.0
    own = _log_mixture(before) + _log_mixture(after)
    both = Count(before.bad + after.bad, before.of + after.of)
    return math.exp(min(own - _log_likelihood(both), 700.0))


def worse_in_pairs(only_before: int, only_after: int) -> float:
    """E-value of pairs in which one alone is bad; 0 where `after` is not worse more often."""
    if only_after <= only_before:
        return 0.0
    differing = Count(only_after, only_before + only_after)
    return math.exp(min(_log_mixture(differing) + differing.of * math.log(2), 700.0))


def _log_mixture(count: Count) -> float:
    good = count.of - count.bad
    return _log_beta(_PRIOR + count.bad, _PRIOR + good) - _log_beta(_PRIOR, _PRIOR)


def _log_likelihood(count: Count) -> float:
    """The largest, of any one share."""
    parts = (count.bad, count.of - count.bad)
    return sum(part * math.log(part / count.of) for part in parts if part)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
