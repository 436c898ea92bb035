"""The least work of a case, as bare calls: ``python -m shrinkage.benchmarks.measure.bare``, for `limits` to ask.

Nothing is checked, scaled, refined beyond what the digits of these data need, or asked for its condition, and what
can be is allocated before. Products and factorisations are on the case's own data, in its dtype and layout. A way
that gives an answer is held to the case's bound. Of a net's step, a layer and leave-one-out there are only the
products; of what memory limits only a pass over as many numbers as have to be read and written, for softmax with
their exponentials.

For least squares of well-conditioned data that is the Gram matrix and not QR, which takes twice the flops: data as
they are timed lose no digit by it that the bound asks for, and in float32 none that passes over X do not bring back
(Björck 1987; Carson and Higham 2018). What is not known to be well-conditioned needs QR (Higham 2002, §20.4).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from scipy.linalg import get_lapack_funcs

from shrinkage._kernels.parallel import nobody, together
from shrinkage._kernels.validation import Array
from shrinkage.benchmarks.cases import Case
from shrinkage.benchmarks.measure import calls
from shrinkage.benchmarks.measure.runner import run
from shrinkage.benchmarks.race.entrant import Entrant
from shrinkage.benchmarks.references import WrongAnswer, parts
from shrinkage.cli import usable_cores

STEPS = (1, 2, 3)  # of refinement: the fewest that are enough are taken
SMALL = 9000  # entries


@dataclass(frozen=True)
class Way:
    """One way to do the least work.

    Parameters
    ----------
    said
        The calls, in a few words.
    call
        Makes them.
    answer
        The answer of the case, from what that gives; None where that is none.
    """

    said: str
    call: Callable[[], Any]
    answer: Callable[[Any], Any] | None = None


Ways = Iterator[Way]


def _compiled(threads: int, work: Any, *arguments: Any) -> Callable[[], Any]:
    """The call of what takes a team."""
    if len(usable_cores()) == 1:
        return partial(work, nobody(), 1, *arguments)
    # To hold BLAS to one thread takes a microsecond, and what is small it does not split.
    many = work is calls.products or any(getattr(argument, "size", 0) >= SMALL for argument in arguments)
    return partial(together, threads, work, *arguments, blas=threads > 1 or many)


# ---- regressions -----------------------------------------------------------------------------------------------------


def regression(case: Case, threads: int) -> Ways:
    """The smaller Gram matrix, its Cholesky factor, and two triangular systems; a square X by LU, too."""
    X, y, *rest = case.arguments()
    lam, Y = (rest[0] if rest else 0.0), y.reshape(len(y), -1)
    (n, d), k, tall = X.shape, Y.shape[1], len(X) >= X.shape[1]
    form = "XᵀX" if tall else "XXᵀ"

    def shaped(Wt: Array) -> Array:
        return Wt.T.reshape(d, *y.shape[1:])

    yield Way(f"{form}, potrf, potrs", _compiled(threads, calls.plain, X, Y, lam), shaped)
    if X.itemsize == 8:
        for steps in STEPS:
            said = f"{form} in float32, spotrf, {steps} × refined"
            yield Way(said, _compiled(threads, calls.mixed, X, Y, lam, steps), shaped)
    potrf, potrs, getrf, getrs = get_lapack_funcs(("potrf", "potrs", "getrf", "getrs"), (X,))
    G, B, Wt = (np.empty(shape, X.dtype) for shape in ((min(n, d),) * 2, (k, min(n, d)), (k, d)))
    diagonal = G.reshape(-1)[:: len(G) + 1]

    def by_numpy() -> Any:
        np.matmul(X.T, X, out=G) if tall else np.matmul(X, X.T, out=G)
        np.add(diagonal, lam, out=diagonal)
        np.matmul(Y.T, X, out=B) if tall else np.copyto(B, Y.T)
        potrs(potrf(G.T, 1, 0, 1)[0], B.T, 1, 1)
        return B if tall else np.matmul(B, X, out=Wt)

    yield Way(f"{form} by NumPy, potrf, potrs", by_numpy, shaped)
    if n == d and not lam:
        A, b = np.empty_like(X), np.empty_like(B)

        def by_lu() -> Any:
            np.copyto(A, X)
            np.copyto(b, Y.T)
            lu, pivots, _ = getrf(A.T, 1)
            getrs(lu, pivots, b.T, 1, 1)  # of Xᵀ, as X lies in memory, transposed
            return b

        yield Way("getrf, getrs", by_lu, shaped)


def inverse(case: Case, threads: int) -> Ways:
    """The smaller Gram matrix, its Cholesky factor, and two triangular systems for each row; a square X by LU, too."""
    (X,) = case.arguments()
    (n, d), tall = X.shape, len(X) >= X.shape[1]
    form = "XᵀX" if tall else "XXᵀ"
    work = _compiled(threads, calls.inverse, X, np.zeros((n, 1), X.dtype))
    yield Way(f"{form}, potrf, potrs", work, np.transpose if tall else np.asarray)
    potrf, potrs, getrf, getri = get_lapack_funcs(("potrf", "potrs", "getrf", "getri"), (X,))
    G, B = np.empty((min(n, d),) * 2, X.dtype), np.empty((max(n, d), min(n, d)), X.dtype)

    def by_cholesky() -> Any:
        np.matmul(X.T, X, out=G) if tall else np.matmul(X, X.T, out=G)
        np.copyto(B, X if tall else X.T)
        potrs(potrf(G.T, 1, 0, 1)[0], B.T, 1, 1)
        return B.T if tall else B

    yield Way(f"{form} by NumPy, potrf, potrs", by_cholesky, np.asarray)
    if n == d:

        def by_lu() -> Any:
            np.copyto(B, X)
            lu, pivots, _ = getrf(B.T, 1)
            return getri(lu, pivots, overwrite_lu=1)[0].T

        yield Way("getrf, getri", by_lu, np.asarray)


def leave_one_out(case: Case, threads: int) -> Ways:
    """XᵀX, XV, and for each λ what n residuals and n leverages take, as products."""
    X, _, lams = case.arguments()
    s2, V = np.linalg.eigh(X.T @ X)
    factors = 1 / (s2[:, None] + lams)
    G, Z = np.empty_like(V), X @ V
    ZZ, out = Z * Z, np.empty((2, len(X), len(lams)))

    def products() -> None:
        np.matmul(X.T, X, out=G)
        np.matmul(X, V, out=Z)
        np.matmul(Z, factors, out=out[0])
        np.matmul(ZZ, factors, out=out[1])

    yield Way("XᵀX, XV, and two products for all λ", products)


def batch(case: Case, threads: int) -> Ways:
    """XᵀX, Cholesky and two systems, of sixteen problems at a time."""
    X, y, lam = case.arguments()
    W = np.empty((len(X), X.shape[2]), X.dtype)
    yield Way("XᵀX, Cholesky, two systems", _compiled(threads, calls.problems, X, y, lam, W), np.asarray)


# ---- nets ------------------------------------------------------------------------------------------------------------


def _multiplied(made: list[tuple[int, Array, Array, Array]], threads: int) -> Ways:
    """Products in this order, by impl's calls of SciPy's BLAS, split among threads, and by NumPy's."""
    tables: tuple[list[Any], list[Any]] = ([], [])
    for kind, a, b, out in made:
        n, d, m = len(a), b.shape[0] if kind == calls.BACK else a.shape[1], b.shape[1]
        tables[kind == calls.GRADIENT].append([kind, *(each.ctypes.data for each in (a, b, out)), n, d, m])
    of_samples, of_rows = (np.array(table, np.int64).reshape(-1, 7) for table in tables)
    like = made[0][1]
    compiled = _compiled(threads, calls.products, of_samples, of_rows, like)
    pairs = [(a.T if kind == calls.GRADIENT else a, b.T if kind == calls.BACK else b, out) for kind, a, b, out in made]

    def by_numpy() -> None:
        for a, b, out in pairs:
            np.matmul(a, b, out=out)

    by_numpy()
    compiled()
    for a, b, out in pairs:  # each of what the compiled products made of those before it
        nu = len(b) * np.finfo(out.dtype).eps / 2
        allowed = 2 * nu / (1 - nu) * np.linalg.norm(a) * np.linalg.norm(b)  # γ for each of the two
        if not np.linalg.norm(out - a @ b) <= allowed:
            raise WrongAnswer("impl's products are not NumPy's by more than rounding: Higham (2002), (3.13)")
    yield Way("its matrix products", lambda: (compiled(), made)[0])  # it holds on to the arrays
    yield Way("its matrix products, by NumPy", by_numpy)


def net(case: Case, threads: int) -> Ways:
    """The products of the way there, and of the way back to every weight."""
    x, _, params = case.arguments()
    weights = [params[name] for name in sorted(params) if name.startswith("W")]
    outs = [x, *(np.empty((len(x), W.shape[1]), x.dtype) for W in weights)]
    backs = [np.empty_like(out) for out in outs]
    backs[-1][:] = 1 / len(x)
    layers = list(zip(weights, pairwise(outs), pairwise(backs), strict=True))
    made = [(calls.FORWARD, a, W, out) for W, (a, out), _ in layers]
    made += [(calls.BACK, dout, W, dx) for W, _, (dx, dout) in layers[:0:-1]]
    made += [(calls.GRADIENT, a, dout, np.empty_like(W)) for W, (a, _), (_, dout) in layers]
    return _multiplied(made, threads)


def layer(case: Case, threads: int) -> Ways:
    """X w, without the bias."""
    x, w, b = case.arguments()
    return _multiplied([(calls.FORWARD, x, w, np.empty((len(x), len(b)), x.dtype))], threads)


def layer_back(case: Case, threads: int) -> Ways:
    """Two products, without the bias."""
    dout, x, w, _ = case.arguments()
    return _multiplied([(calls.BACK, dout, w, np.empty_like(x)), (calls.GRADIENT, x, dout, np.empty_like(w))], threads)


def trained(case: Case, threads: int) -> Ways:
    """A pass over the units for each step, which cannot begin before the sum of the last one is there."""
    x, y, W1, b, W2, rate, epochs = case.arguments()
    yield Way("its steps", partial(calls.steps, x, y, W1.ravel(), b, W2.ravel(), rate, epochs))


# ---- what memory limits ----------------------------------------------------------------------------------------------


def moved(case: Case, threads: int, read: int, written: int) -> Ways:
    """A pass over so many arrays that are read and so many that are written; by NumPy a sum of two, and copies."""
    said = f"{read} read, {written} written"
    for _ in range(2):  # where in memory they lie is luck
        arrays = tuple(np.ones(prod(case.sizes.values()), case.dtype) for _ in range(read + written))
        sources, targets = arrays[:read], arrays[read:]
        yield Way(f"a pass, {said}", _compiled(threads, calls.PASSES[read], sources, targets, (case.dtype(1),)))
    by_numpy = [partial(np.copyto, *pair) for pair in zip(targets, sources[read > written :], strict=True)]
    if read > written:
        by_numpy[0] = partial(np.add, *sources[:2], out=targets[0])
    yield Way(f"passes by NumPy, {said}", partial(_each, by_numpy))


def _each(made: Iterable[Callable[[], Any]]) -> None:
    for call in made:
        call()


def exponentials(case: Case, threads: int) -> Ways:
    """A pass, with an exponential of each score."""
    x, _ = case.arguments()
    out = np.empty_like(x)
    yield Way("an exponential of each", _compiled(threads, calls.exponentials, x, x.max(), out))
    yield Way("an exponential of each, by NumPy", partial(np.exp, x, out=out))


# ---- the process -----------------------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Case, int], Ways]] = {
    **{"ridge": regression, "lstsq": regression, "pinv": inverse, "ridge_loo": leave_one_out, "ridge_batch": batch},
    **{"FullyConnectedNet": net, "affine_forward": layer, "affine_backward": layer_back, "relu_network_sgd": trained},
    "softmax_loss": exponentials,
    **dict.fromkeys(("relu_forward", "svm_loss"), partial(moved, read=1, written=1)),
    **dict.fromkeys(("relu_backward", "sgd"), partial(moved, read=2, written=1)),
    **dict.fromkeys(("sgd_momentum", "rmsprop"), partial(moved, read=3, written=2)),
    "adam": partial(moved, read=4, written=3),
}


class Bare(Entrant):
    """The ways of the case that it is at."""

    made: list[Way]

    def ways(self, case: str) -> list[str]:
        """What there is for a case."""
        self.timed, self.made = None, []  # the arrays of the case before
        threads, ways = len(usable_cores()), WAYS[self.cases[case].function]
        self.made = list(ways(self.cases[case], threads))
        if threads > 1:  # what is small is faster on one; NumPy decides for itself
            self.made += [way for way in ways(self.cases[case], 1) if "NumPy" not in way.said]
        return [way.said for way in self.made]

    def answer(self, case: str, way: int) -> list[Any] | None:
        """The arrays of the answer that one of these ways gives, where it gives one."""
        result, answer = self.made[way].call(), self.made[way].answer
        return [np.asarray(part) for part in parts(self.cases[case], answer(result))] if answer else None

    def take(self, way: int) -> None:
        """Go that way when the time is taken."""
        self.timed = self.made[way].call


if __name__ == "__main__":
    run(Bare)
