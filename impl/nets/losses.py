"""Chapter 5: the two losses of a classifier, each with its derivative by the scores in the same sweep.

NaN and infinity pass through, as everywhere in chapter 5.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._kernels.exp import exp_below, largest
from .._kernels.jit import jit, jit_linked, jit_sums
from .._kernels.parallel import Team, in_chunks, together, workers
from .._kernels.stream import share
from .._kernels.validation import Array, floats, packed, real, refuse_shape

__all__ = ["softmax_loss", "svm_loss"]

Scalar = np.floating[Any]
Labels = NDArray[np.intp]
_INTP = np.dtype(np.intp)


def softmax_loss(x: ArrayLike, y: ArrayLike) -> tuple[Scalar, Array]:
    """The mean over samples of −log softmax(x)[y], and its derivative (softmax(x) − onehot(y))/N.

    Finite for finite scores of any size, unless it cannot be represented. Nothing cancels: both the loss and the
    derivative at the label come from the probabilities of the other classes, so they keep all their digits as they
    tend to 0. NaN over no samples.

    Parameters
    ----------
    x
        Scores, ``(N, C)``.
    y
        Labels from 0 to C − 1, ``(N,)``, of an integer (or bool) dtype.

    Returns
    -------
    loss : scalar
        In the dtype of x, at least 0.
    dx : Array
        ``(N, C)``; a row with a NaN or +inf in x is NaN throughout.

    Raises
    ------
    ValueError
        For a wrong shape, or a label that is none.
    TypeError
        For labels that are not integers.

    Notes
    -----
    5NC flops, an exponential counted as one. Bridle, "Probabilistic interpretation of feedforward classification
    network outputs" (1990); Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions"
    (2021).
    """
    scores, labels = _scores_and_labels(x, y)
    dx = np.empty_like(scores)
    threads = workers(10 * scores.size, 2 * scores.nbytes)
    return scores.dtype.type(together(threads, _softmax, scores, labels, dx, blas=False)), dx


def svm_loss(x: ArrayLike, y: ArrayLike) -> tuple[Scalar, Array]:
    """The mean over samples of Σ_{j≠y} max(0, x_j − x_y + 1), and its derivative; at a margin of exactly 0 that is 0.

    NaN over no samples.

    Parameters
    ----------
    x
        Scores, ``(N, C)``.
    y
        Labels from 0 to C − 1, ``(N,)``, of an integer (or bool) dtype.

    Returns
    -------
    loss : scalar
        In the dtype of x, at least 0.
    dx : Array
        ``(N, C)``; NaN where a margin is NaN, and at the label of its row.

    Raises
    ------
    ValueError
        For a wrong shape, or a label that is none.
    TypeError
        For labels that are not integers.

    Notes
    -----
    4NC flops. Weston and Watkins, "Support vector machines for multi-class pattern recognition" (1999).
    """
    scores, labels = _scores_and_labels(x, y)
    dx = np.empty_like(scores)
    threads = workers(0, 2 * scores.nbytes)
    return scores.dtype.type(together(threads, _svm, scores, labels, dx, blas=False)), dx


def checked_labels(name: str, y: ArrayLike, samples: int, classes: int) -> Labels:
    """The labels as integers of the machine, contiguous; each one of `samples` a class."""
    labels = real(name, y)
    if labels.shape != (samples,):
        refuse_shape(name, labels, f"({samples},), a label for each row of x")
    if labels.dtype.kind == "f" and labels.size:  # an empty list is an array of floats
        raise TypeError(f"{name} must hold integers, not {labels.dtype}")
    if labels.dtype is not _INTP or not labels.flags.carray:
        labels = packed(labels, _INTP)
    wrong = _first_wrong(labels, classes)
    if wrong >= 0:
        raise ValueError(
            f"{name} must hold labels from 0 to {classes - 1}, but {name}[{wrong}] is {real(name, y)[wrong]}"
        )
    return labels


def _scores_and_labels(x: ArrayLike, y: ArrayLike) -> tuple[Array, Labels]:
    (scores,) = floats("x", x)
    if scores.ndim != 2:
        refuse_shape("x", scores, "(N, C)")
    return scores, checked_labels("y", y, *scores.shape)


@jit
def _first_wrong(labels: Labels, classes: int) -> int:
    for i in range(labels.size):
        if labels[i] < 0 or labels[i] >= classes:
            return i
    return -1


@jit
def _softmax(team: Team, threads: int, x: Array, y: Labels, dx: Array) -> float:
    losses = np.empty((threads, 2))
    in_chunks(team, threads, threads, _softmax_of_share, (threads, x, y, dx, losses))
    return mean_of(x.shape[0], losses)


@jit
def _softmax_of_share(c: int, shared: Any) -> None:
    threads, x, y, dx, losses = shared
    first, stop = share(c, threads, x.shape[0])
    losses[c, 0], losses[c, 1] = softmax_rows(x[first:stop], y[first:stop], dx[first:stop], x.shape[0])


@jit_linked
def mean_of(samples: int, losses: NDArray[np.float64]) -> float:
    """The mean from what `softmax_rows` returns of each share."""
    total, mean = 0.0, 0.0
    for c in range(losses.shape[0]):
        total += losses[c, 0]
        mean += losses[c, 1]
    return mean if math.isinf(total) else (total / samples if samples > 0 else np.nan)


@jit
def softmax_rows(x: Array, y: Labels, dx: Array, samples: int) -> tuple[float, float]:
    """Write the derivative of the mean over `samples` to `dx`; return the losses' sum, and what they add to the mean.

    Both are summed in float64. Where the sum overflows, the mean may still be a number. `dx` may be x.
    """
    total, mean, scale = 0.0, 0.0, 1.0 / samples
    for i in range(x.shape[0]):
        row, out, label = x[i], dx[i], y[i]
        top, own = largest(row), row[label]
        exp_below(row, top, out)
        p_label, others = out[label], _sum(out[:label]) + _sum(out[label + 1 :])
        weight = x.dtype.type(1) / ((others + p_label) * x.dtype.type(samples))
        for j in range(row.size):
            out[j] *= weight
        out[label] = -others * weight
        log_sum = math.log1p(float(others)) if own == top else math.log(float(others + p_label))
        total += log_sum + (float(top) - float(own))
        mean += log_sum * scale + (float(top) * scale - float(own) * scale)
    return total, mean


@jit
def _svm(team: Team, threads: int, x: Array, y: Labels, dx: Array) -> float:
    losses, total, n = np.empty(threads), 0.0, x.shape[0]
    in_chunks(team, threads, threads, _svm_of_share, (threads, x, y, dx, losses))
    for c in range(threads):
        total += losses[c]
    return total / n if n > 0 else np.nan


@jit
def _svm_of_share(c: int, shared: Any) -> None:
    threads, x, y, dx, losses = shared
    n, total = x.shape[0], 0.0
    first, stop = share(c, threads, n)
    for i in range(first, stop):
        row, out, label = x[i], dx[i], y[i]
        before, above = _hinge(row[:label], row[label], n, out[:label])
        after, above_too = _hinge(row[label + 1 :], row[label], n, out[label + 1 :])
        total += float(before) + float(after)
        out[label] = -(above + above_too) / x.dtype.type(n)
    losses[c] = total


@jit_sums
def _hinge(x: Array, correct: Scalar, n: int, out: Array) -> tuple[Scalar, Scalar]:
    """Write the derivative of the margins' mean to `out`; return the sum of those above 0, and their number."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    step = one / x.dtype.type(n)
    total, above = zero, zero
    for j in range(x.size):
        margin = x[j] - correct + one
        slope = one if margin > 0 else (zero if margin <= 0 else margin)  # a NaN is neither
        total += margin if slope != 0 else zero
        above += slope
        out[j] = slope * step
    return total, above


@jit_sums
def _sum(x: Array) -> Scalar:
    total = x.dtype.type(0)
    for j in range(x.size):
        total += x[j]
    return total
