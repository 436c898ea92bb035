"""Fewer samples than features: an n × n factor by blocks of columns, for what whole rows would take n × d for.

Xᵀ = QR over a tree of blocks, as rows are. With R = U diag(σ) Vᵀ, w = Xᵀ V diag(1/(σ²+λ)) Vᵀy, a block at a time of a
second pass. These are the semi-normal equations of the shortest solution, whose error grows with the condition and not
with its square, as by Q, for R is of X and not of XXᵀ: Demmel and Higham, "Improved error bounds for underdetermined
system solvers" (1993); Higham (2002), §21.3.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask.delayed import delayed
from numpy.typing import NDArray

from .._kernels.linalg import numerical_rank
from .._kernels.validation import Array
from ..ridge_regression.path import by_direction
from ..streaming.answers import cutoff
from ..streaming.state import Block, State, joined, start
from . import tasks
from .again import again
from .chunks import Rows, tree
from .threads import one_thread

LEAST = -900  # of the exponents of σ, so that what rounding leaves beside a smaller one stays finite


@dataclass(frozen=True)
class Columns:
    """A wide X in blocks of whole columns.

    Parameters
    ----------
    data
        The same in whole rows.
    X
        A Dask array of one chunk along its rows.
    """

    data: Rows
    X: Any

    def state(self) -> Any:
        """The state of Xᵀ, of no targets, delayed: its triangle is n × n."""
        empty, make = start(self.X.shape[0], 0, self.data.dtype), delayed(_factor)
        return tree([make(empty, block, i) for i, block in enumerate(self._blocks())], tasks.states)

    def solutions(self, lams: Array, rcond: float | None = None, full: bool = False) -> Any:
        """(d,) or (d, k), or with lams of an axis (L, d) or (L, d, k): w of each λ ≥ 0."""
        y = da.concatenate([self.data.y]) if self.data.y.npartitions == 1 else self.data.y.rechunk(-1)
        (target,) = y.to_delayed().reshape(-1)
        made = delayed(_dual)(self.state(), target, np.atleast_1d(lams), rcond, full)
        make, parts, axes = delayed(_weights), [], (*lams.shape, *self.data.targets)
        for block, size in zip(again(self._blocks(), made), self.X.chunks[1], strict=True):
            shape = (*axes[: lams.ndim], size, *axes[lams.ndim :])
            parts.append(da.from_delayed(make(made, block, shape, self.data.dtype), shape, dtype=self.data.dtype))
        W = da.concatenate(parts, axis=lams.ndim)
        return W if self.data.lazy else W.compute()

    def _blocks(self) -> list[Any]:
        blocks: list[Any] = self.X.to_delayed().reshape(-1).tolist()
        return blocks


def wide(data: Rows) -> Columns | None:
    """By columns, where that is less for a task: n < d, and X in more chunks than one."""
    (n, d), X = data.X.shape, data.cut
    if not 0 < n < d or X.npartitions == 1:  # a size that is unknown is NaN
        return None
    if len(X.chunks[0]) > 1:  # as many numbers in a block as in a chunk, or as in the factor
        X = X.rechunk({0: -1, 1: max(n, max(X.chunks[0]) * max(X.chunks[1]) // n)})
    return Columns(data, X)


# ---- what a worker runs ----------------------------------------------------------------------------------------------


class Dual(NamedTuple):
    """X · 2^-ex = V diag(σ) Zᵀ, without Z, and the solutions in the basis Z.

    Parameters
    ----------
    V
        (n, r), so that XᵀV · 2^(−ex) is Z diag(σ).
    of_z
        (L, r, k): the solutions of each λ, over σ · 2^−units.
    units
        (r,): about those of σ.
    exponents
        (L, k): those that the solutions are yet to be multiplied by.
    ex
        Of X.
    """

    V: Array
    of_z: Array
    units: NDArray[np.integer[Any]]
    exponents: NDArray[np.integer[Any]]
    ex: int


def _factor(empty: State, X: Any, place: int) -> State:
    """The state of a block's columns, each of which is a row."""
    X = np.asarray(X, np.float64)
    if not (there := np.isfinite(X)).all():
        row = int(np.argmin(there.all(axis=1)))
        raise ValueError(
            f"X must be finite, but holds a NaN or an infinity in row {row} (block {place} of the columns)"
        )
    with one_thread():
        return joined(empty, Block(X.T, np.zeros((X.shape[1], 0)), None, X.shape[1]))


def _dual(of: State, y: Any, lams: Array, rcond: float | None, full: bool) -> Dual:
    """From the factor and the targets; `full` refuses a rank below n."""
    Y = np.asarray(y, np.float64).reshape(of.d, -1)
    if not (there := np.isfinite(Y)).all():
        raise ValueError(f"y must be finite, but holds a NaN or an infinity in row {np.argmin(there.all(axis=1))}")
    with one_thread(), np.errstate(over="ignore", under="ignore"):
        s, Vt, _, _ = of.spectrum
        rank = numerical_rank(s, cutoff(of) if rcond is None else rcond)
        if full and rank < of.d:
            raise ValueError(f"X must have full row rank {of.d}, but its numerical rank is {rank}")
        ey = np.frexp(np.abs(Y).max(axis=0, initial=0))[1]
        Ct = np.ascontiguousarray((Vt @ np.ldexp(Y, -ey)).T)
        filtered, excess = by_direction(s, Ct, lams, of.ex, rank)
        units = np.maximum(np.frexp(s)[1], LEAST)
        of_z = filtered / np.where(s > 0, np.ldexp(s, -units), 1)
        of_z = of_z.reshape(len(lams), Y.shape[1], s.size).transpose(0, 2, 1)
        return Dual(Vt.T, of_z, units, ey + (excess - of.ex)[:, None], of.ex)


def _weights(of: Dual, X: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """The solutions' entries of a block of columns."""
    with one_thread(), np.errstate(over="ignore", under="ignore"):  # an answer out of range is ±inf or 0
        Z = np.ldexp(np.ldexp(np.asarray(X, np.float64), -of.ex).T @ of.V, -of.units)
        return np.ldexp(Z @ of.of_z, of.exponents[:, None, :]).astype(dtype).reshape(shape)
