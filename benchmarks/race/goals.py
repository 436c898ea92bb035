"""How far ahead of the best peer `impl` wants to be, and how close to the machine's peak; and whether a race shows it.

A goal is reached when the whole 95 % interval of the ratio is above it: a peer that is level in half of the rounds is
not behind. The best peer is the fastest one with a right answer, what people write in its place among them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from shrinkage.benchmarks.report.runs import AS_WRITTEN, Result, Row, Run
from shrinkage.peers import peers


@dataclass(frozen=True)
class Goal:
    """What is wanted of a case.

    Parameters
    ----------
    ratio
        The best peer's time over ours.
    share
        Of the machine's peak, or 0 where the case is too small to come close to it.
    of
        The library that it is wanted of, or none for the best of all.
    """

    ratio: float
    share: float = 0.0
    of: str = ""


def _each(cases: str, ratio: float, share: float = 0.0, of: str = "") -> dict[str, Goal]:
    return dict.fromkeys(cases.split(), Goal(ratio, share, of))


GOALS: dict[str, Goal] = {
    # Small problems, where the peers pay for calls; then those where all pay for the same flops.
    **_each("ridge-small", 3.5),
    **_each("ridge-50x10", 3),
    **_each("ridge-200x20", 2),
    **_each("ridge-large", 1.3),
    **_each("ridge-1000x50 ridge-5000x300 ridge-200x5000", 1.1),
    **_each("ridge-20000x1000", 1.5),
    **_each("ridge-wide ridge-50x500 ridge-1000x10000 ridge-200x20x5 ridge-2000x200x10 ridge-lam-zero", 1),
    # RidgeCV, which takes one λ after the other.
    **_each("ridge_loo-2000x200x100", 25, of="sklearn"),
    **_each("ridge_loo-5000x500x100 ridge_loo-4000x1000x100", 50, of="sklearn"),
    **_each("ridge_batch-large", 4),
    **_each("lstsq-small lstsq-50x10 lstsq-200x20 lstsq-1000x50 lstsq-large lstsq-5000x300", 1.2),
    **_each("lstsq-wide lstsq-square pinv-small pinv-50x10 pinv-large pinv-wide pinv-square", 1.2),
    **_each("FullyConnectedNet-1x64x100x100x10", 8),
    **_each("FullyConnectedNet-16x64x100x100x10", 2),
    **_each("FullyConnectedNet-64x64x100x100x10", 1.5),
    **_each("FullyConnectedNet-large FullyConnectedNet-128x784x256x10-float32", 1.2),
    **_each("FullyConnectedNet-256x3072x1024x1024x10-float32", 1.2, 0.8),
    # Where memory is the limit.
    **_each("softmax_loss-large svm_loss-large relu_forward-large relu_backward-large", 1.5, 0.8),
    **_each("sgd-large sgd_momentum-large rmsprop-large adam-large", 1.5, 0.8),
    **_each("affine_forward-large affine_backward-large", 1),
    **_each("relu_network_sgd-large", 10),
}
# On more than one core, beside those.
ON_ALL: dict[str, Goal] = {
    **_each("ridge-large", 2.5),
    **_each("ridge-200x5000", 1.7),
    **_each("ridge-20000x1000", 1.8),
    **_each("FullyConnectedNet-64x64x100x100x10-float32 FullyConnectedNet-128x64x100x100x10-float32", 2, of="jax"),
    **_each("FullyConnectedNet-128x784x256x10-float32", 2, of="jax"),
}


@dataclass(frozen=True)
class Standing:
    """A goal, and what a race says of it.

    Parameters
    ----------
    row
        Of the race.
    goal
        What is wanted.
    peer, best
        The best one's name and result; no name and an empty result where no peer gave a right answer.
    own
        The result of who has the goal.
    """

    row: Row
    goal: Goal
    peer: str
    best: Result
    own: Result

    @property
    def decided(self) -> bool:
        """Whether there was a peer to be compared with."""
        return self.best.ratio is not None

    @property
    def ahead(self) -> bool:
        """Of the best peer, by as much as is wanted, in the whole interval."""
        low, _ = self.best.interval or (self.best.ratio or 0.0,) * 2
        return low >= self.goal.ratio

    @property
    def close(self) -> bool:
        """To the machine's peak, as much as is wanted."""
        return (self.own.share or 0.0) >= self.goal.share


def standings(run: Run) -> Iterator[Standing]:
    """Of each goal whose case was raced, in the order of the goals."""
    rows = {row.case: row for row in run.rows}
    known = [peer for peer in run.peers if peer in (AS_WRITTEN, *peers())]  # somebody's own file is none
    for case, goal in (GOALS | ON_ALL if run.threads > 1 else GOALS).items():
        row = rows.get(case)
        if row and (own := row.results.get(run.reference, Result())).seconds:
            behind = {
                peer: row.results[peer]
                for peer in known
                if row.results.get(peer, Result()).ratio and goal.of in (peer, row.results[peer].by, "")
            }
            peer = min(behind, key=lambda name: behind[name].ratio or math.inf, default="")
            yield Standing(row, goal, peer, behind.get(peer, Result()), own)
