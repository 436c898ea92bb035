"""What follows from rounds: sign tests, a minimum effect, and an interval that says what can be excluded.

Of each case there is one number a round, r = log(head's time / base's time). Where nothing has changed, base and head
are exchangeable in every round, so r is as often positive as negative, whatever its distribution: the number of
positive ones is binomial (n, 1/2), and that is all that the tests assume besides rounds being independent.

1. Screening: a case is suspect when more than half of a slowdown that counts is seen in it, or when one of twice that
   size cannot be excluded. This costs new rounds and raises no alarm.
2. Confirming, on new rounds only, at three looks: a regression when the sign test is significant at
   alpha / (suspects · looks) and the median is at least the minimum effect. The suspects were chosen by other rounds,
   so by Bonferroni over suspects and looks a run in which nothing has changed raises an alarm with probability at most
   alpha. A case is cleared when a slowdown of twice the minimum effect is excluded; what is neither at the last look
   is inconclusive.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

Logs = Sequence[float] | np.ndarray
PASS, REGRESSION, INCONCLUSIVE = "pass", "regression", "inconclusive"
SCREENING = 12  # rounds
LOOKS = (16, 32, 64)  # new rounds until each look
EXCLUDED = 0.975  # with this confidence, one-sided


@dataclass(frozen=True)
class Rule:
    """What counts.

    Parameters
    ----------
    threshold
        The minimum effect, as a fraction: what is smaller is no regression, however significant.
    alpha
        How often a run in which nothing has changed may raise an alarm, over all cases.
    """

    threshold: float = 0.025
    alpha: float = 0.01

    def suspect(self, logs: Logs) -> bool:
        """Whether a case needs more rounds, after screening."""
        return bool(np.median(logs) >= math.log1p(self.threshold) / 2) or not self.excludes(logs)

    def excludes(self, logs: Logs) -> bool:
        """Whether a slowdown of twice the minimum effect is excluded."""
        return upper(logs) < math.log1p(2 * self.threshold)

    def confirmed(self, logs: Logs, suspects: int) -> str:
        """`regression`, `pass` or, where more rounds are needed, `inconclusive`; from confirming rounds alone."""
        level = self.alpha / (max(suspects, 1) * len(LOOKS))
        if sign_test(logs) <= level and np.median(logs) >= math.log1p(self.threshold):
            return REGRESSION
        return PASS if self.excludes(logs) else INCONCLUSIVE


def sign_test(logs: Logs) -> float:
    """P(at least so many positive | as many are positive as negative); zeros are left out."""
    positive, negative = sum(r > 0 for r in logs), sum(r < 0 for r in logs)
    return float(binom.sf(positive - 1, positive + negative, 0.5))


def upper(logs: Logs, confidence: float = EXCLUDED) -> float:
    """The smallest order statistic above the median of the distribution with this confidence; inf where none is.

    Distribution-free: the k-th smallest of n is above the median unless k or more are below it.
    """
    n = len(logs)
    k = int(binom.ppf(confidence, n, 0.5)) + 1 if n else 1
    return math.inf if k > n else float(np.sort(logs)[k - 1])


def interval(logs: Logs, confidence: float = 0.95) -> tuple[float, float]:
    """Ratios between which the median lies with this confidence."""
    one_sided = (1 + confidence) / 2
    return math.exp(-upper([-r for r in logs], one_sided)), math.exp(upper(logs, one_sided))


def ratio(logs: Logs) -> float:
    """The median ratio of the times."""
    return math.exp(float(np.median(logs))) if len(logs) else math.nan
