"""Chapter 5: affine and ReLU layers, forward and backward.

A `cache` is what the backward function needs. Those of `affine_forward` and `relu_forward` refer to the arguments
themselves, as the course assignments' do: an argument that is changed in place before the backward pass changes what
comes out of it.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._kernels.jit import jit, jit_linked
from .._kernels.lapack import call
from .._kernels.parallel import Team, in_chunks, together, workers
from .._kernels.stream import Arrays, Numbers, share, stream
from .._kernels.validation import Array, floats, refuse_shape

__all__ = [
    "affine_backward",
    "affine_forward",
    "affine_relu_backward",
    "affine_relu_forward",
    "relu_backward",
    "relu_forward",
]

Affine = tuple[Array, Array, Array]
Mask = NDArray[np.uint8]

# OpenBLAS keeps a product of so many multiplications to one thread by itself.
NEVER_SPLIT = 1 << 18


def affine_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[Array, Affine]:
    """x w + b.

    Parameters
    ----------
    x
        N samples of any shape, ``(N, ...)``, flattened to ``(N, D)``.
    w, b
        Weights ``(D, M)`` and biases ``(M,)``.

    Returns
    -------
    out : Array
        ``(N, M)``.
    cache
        For `affine_backward`.

    Raises
    ------
    ValueError
        For a wrong shape.

    Notes
    -----
    2NDM + NM flops. Golub and Van Loan (2013), §1.1; Higham (2002), §3.5.
    """
    cache = _affine_arguments(x, w, b)
    rows, out = _rows(cache[0]), _outputs(cache)
    _multiplied(out.size * rows.shape[1], _affine, rows, cache[1], cache[2], out)
    return out, cache


def affine_backward(dout: ArrayLike, cache: Affine) -> tuple[Array, Array, Array]:
    """dx = dout wᵀ, dw = xᵀ dout and db = Σ_n dout_n.

    Parameters
    ----------
    dout
        The derivative by `out`, ``(N, M)``.
    cache
        From `affine_forward`.

    Returns
    -------
    dx, dw, db : Array
        In the shapes of x, w and b.

    Raises
    ------
    ValueError
        For a wrong shape.

    Notes
    -----
    4NDM + NM flops. Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    """
    g, x, w, b = floats("dout x w b", dout, *cache)
    _check_dout(g, (x.shape[0], b.size))
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.zeros_like(b)
    _multiplied(2 * x.size * b.size, _affine_backward, g, _rows(x), w, _rows(dx), dw, db)
    return dx, dw, db


def relu_forward(x: ArrayLike) -> tuple[Array, Array]:
    """max(x, 0), NaN where x is.

    Parameters
    ----------
    x
        Of any shape.

    Returns
    -------
    out : Array
        In the shape of x.
    cache
        For `relu_backward`.

    Raises
    ------
    TypeError
        For what holds no real numbers; every shape is right.

    Notes
    -----
    n flops for n entries. Nair and Hinton (2010).
    """
    (a,) = floats("x", x)
    out = np.empty(a.shape, a.dtype)
    together(workers(0, 2 * a.nbytes), _relu, _flat(a), _flat(out), blas=False)
    return out, a


def relu_backward(dout: ArrayLike, cache: Array) -> Array:
    """dx = dout where x > 0, else 0; NaN where x or dout is.

    Parameters
    ----------
    dout
        The derivative by `out`, in the shape of x.
    cache
        From `relu_forward`.

    Returns
    -------
    Array
        In the shape of x; 0 where x ≤ 0 even if dout is infinite.

    Raises
    ------
    ValueError
        For a wrong shape.

    Notes
    -----
    n flops for n entries, the derivative of ReLU at 0 being 0. Glorot, Bordes and Bengio, "Deep sparse rectifier neural
    networks" (2011).
    """
    g, x = floats("dout x", dout, cache)
    _check_dout(g, x.shape)
    dx = np.empty(x.shape, x.dtype)
    together(workers(0, 3 * x.nbytes), _relu_backward, _flat(g), _flat(x), _flat(dx), blas=False)
    return dx


def affine_relu_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[Array, tuple[Affine, Mask]]:
    """max(x w + b, 0), bias and ReLU in one sweep.

    Parameters
    ----------
    x
        N samples of any shape, ``(N, ...)``, flattened to ``(N, D)``.
    w, b
        Weights ``(D, M)`` and biases ``(M,)``.

    Returns
    -------
    out : Array
        ``(N, M)``.
    cache
        For `affine_relu_backward`.

    Raises
    ------
    ValueError
        For a wrong shape.

    Notes
    -----
    2NDM + 2NM flops. Glorot, Bordes and Bengio (2011).
    """
    affine = _affine_arguments(x, w, b)
    rows, out = _rows(affine[0]), _outputs(affine)
    mask = np.empty(out.shape, np.uint8)
    _multiplied(out.size * rows.shape[1], _affine_relu, rows, affine[1], affine[2], out, mask)
    return out, (affine, mask)


def affine_relu_backward(dout: ArrayLike, cache: tuple[Affine, Mask]) -> tuple[Array, Array, Array]:
    """dx = dz wᵀ, dw = xᵀ dz and db = Σ_n dz_n, with dz = dout where x w + b > 0, else 0.

    That is `relu_backward`, then `affine_backward`.

    Parameters
    ----------
    dout
        The derivative by `out`, ``(N, M)``.
    cache
        From `affine_relu_forward`.

    Returns
    -------
    dx, dw, db : Array
        In the shapes of x, w and b.

    Raises
    ------
    ValueError
        For a wrong shape.

    Notes
    -----
    4NDM + NM flops. Rumelhart, Hinton and Williams (1986).
    """
    affine, mask = cache
    g, x, w, b = floats("dout x w b", dout, *affine)
    _check_dout(g, mask.shape)
    dx, dw, db, dz = np.empty_like(x), np.empty_like(w), np.zeros_like(b), np.empty_like(g)
    _multiplied(2 * x.size * b.size, _affine_relu_backward, g, mask, _rows(x), w, dz, _rows(dx), dw, db)
    return dx, dw, db


def _multiplied(multiplications: int, work: Any, *arguments: Any) -> None:
    if multiplications <= NEVER_SPLIT:
        together(1, work, *arguments, blas=False)
    else:
        together(workers(2 * multiplications), work, *arguments)


# Shares are of samples, and of rows of the weights' gradient, which are sums over all samples.


@jit
def _affine(team: Team, threads: int, x: Array, w: Array, b: Array, out: Array) -> None:
    in_chunks(team, threads, threads, _affine_share, (threads, x, w, b, out))


@jit
def _affine_share(c: int, shared: Any) -> None:
    threads, x, w, b, outputs = shared
    first, stop = share(c, threads, x.shape[0])
    out = outputs[first:stop]
    times(x[first:stop], w, out)
    for n in range(out.shape[0]):
        row = out[n]
        for j in range(b.size):
            row[j] += b[j]


@jit
def _affine_backward(
    team: Team, threads: int, dout: Array, x: Array, w: Array, dx: Array, dw: Array, db: Array
) -> None:
    in_chunks(team, threads, 2 * threads, _affine_backward_share, (threads, dout, x, w, dx, dw, db))


@jit
def _affine_backward_share(c: int, shared: Any) -> None:
    threads, dout, x, w, dx, dw, db = shared
    if c < threads:
        first, stop = share(c, threads, dx.shape[0])
        times_transposed(dout[first:stop], w, dx[first:stop])
    else:
        first, stop = share(c - threads, threads, dw.shape[0])
        transposed_times(x, first, dout, dw[first:stop], False)
        if c == threads:
            add_rows(dout, db)


@jit
def _relu(team: Team, threads: int, x: Array, out: Array) -> None:
    in_chunks(team, threads, threads, _relu_share, (threads, (x,), (out,), (x.dtype.type(0),)))


@jit
def _relu_share(c: int, shared: Any) -> None:
    stream(_relu_entry, c, shared)


@jit_linked
def _relu_entry(i: int, read: Arrays, written: Arrays, numbers: Numbers) -> None:
    (x,), (out,), (zero,) = read, written, numbers
    out[i] = zero if x[i] <= 0 else x[i]  # not "x if x > 0", which would make a NaN 0


@jit
def _relu_backward(team: Team, threads: int, dout: Array, x: Array, dx: Array) -> None:
    in_chunks(team, threads, threads, _gate_share, (threads, (dout, x), (dx,), (x.dtype.type(0),)))


@jit
def _gate_share(c: int, shared: Any) -> None:
    stream(_gate_entry, c, shared)


@jit
def gate(dout: Array, x: Array) -> None:
    """Leave of `dout` what `relu_backward` does. It is the same for x and for max(x, 0)."""
    for i in range(x.size):
        _gate_entry(i, (dout, x), (dout,), (x.dtype.type(0),))


@jit_linked
def _gate_entry(i: int, read: Arrays, written: Arrays, numbers: Numbers) -> None:
    (dout, x), (dx,), (zero,) = read, written, numbers
    g = dout[i]
    passed = g if x[i] > 0 or g != g else zero
    dx[i] = x[i] if x[i] != x[i] else passed


# What ReLU did to an entry, in a byte: shut it off, let it through, or met a NaN. `out` would say as much, but it is
# the caller's, who may change it in place before the backward pass.
_OFF, _ON, _NAN = 0, 1, 2


@jit
def _affine_relu(team: Team, threads: int, x: Array, w: Array, b: Array, out: Array, mask: Mask) -> None:
    in_chunks(team, threads, threads, _affine_relu_share, (threads, x, w, b, out, mask))


@jit
def _affine_relu_share(c: int, shared: Any) -> None:
    threads, x, w, b, outputs, masks = shared
    first, stop = share(c, threads, x.shape[0])
    out, mask, zero = outputs[first:stop], masks[first:stop], x.dtype.type(0)
    times(x[first:stop], w, out)
    for n in range(out.shape[0]):
        row, marks = out[n], mask[n]
        for j in range(b.size):
            z = row[j] + b[j]
            row[j] = zero if z <= 0 else z
            marks[j] = _OFF if z <= 0 else (_ON if z > 0 else _NAN)


@jit
def _affine_relu_backward(
    team: Team,
    threads: int,
    dout: Array,
    mask: Mask,
    x: Array,
    w: Array,
    dz: Array,
    dx: Array,
    dw: Array,
    db: Array,
) -> None:
    in_chunks(team, threads, threads, _gated_share, (threads, dout, mask, dz))
    in_chunks(team, threads, 2 * threads, _affine_backward_share, (threads, dz, x, w, dx, dw, db))


@jit
def _gated_share(c: int, shared: Any) -> None:
    threads, dout, mask, dz = shared
    zero, nan = dout.dtype.type(0), dout.dtype.type(np.nan)
    first, stop = share(c, threads, dout.shape[0])
    for n in range(first, stop):
        row, marks, gated = dout[n], mask[n], dz[n]
        for j in range(row.size):
            g = row[j]
            passed = g if marks[j] != _OFF or g != g else zero
            gated[j] = nan if marks[j] == _NAN else passed


# BLAS goes by columns, so it takes each of our arrays for its transpose: (A B)ᵀ = Bᵀ Aᵀ puts the operands in the
# other order.


@jit
def times(x: Array, w: Array, out: Array) -> None:
    """Write x w to `out`."""
    (n, d), m = x.shape, w.shape[1]
    zero, one = x.dtype.type(0), x.dtype.type(1)
    if d == 0:
        out[:] = zero
    elif n > 0 and m > 0:
        call("gemm", ("N", "N", m, n, d, one, w, m, x, d, zero, out, m))


@jit
def times_transposed(dout: Array, w: Array, dx: Array) -> None:
    """Write dout wᵀ to `dx`."""
    n, (d, m) = dout.shape[0], w.shape
    zero, one = dout.dtype.type(0), dout.dtype.type(1)
    if m == 0:
        dx[:] = zero
    elif n > 0 and d > 0:
        call("gemm", ("T", "N", d, n, m, one, w, m, dout, m, zero, dx, d))


@jit
def transposed_times(x: Array, first: int, dout: Array, dw: Array, add: bool) -> None:
    """Write xᵀ dout to `dw`, or add it to what is there: of its rows as many as dw has, from the first one given on."""
    (n, d), (rows, m) = x.shape, dw.shape
    zero, one = x.dtype.type(0), x.dtype.type(1)
    if n == 0:
        if not add:
            dw[:] = zero
    elif rows > 0 and m > 0:
        call("gemm", ("N", "T", m, rows, n, one, dout, m, x.reshape(-1)[first:], d, one if add else zero, dw, m))


@jit_linked
def add_rows(dout: Array, db: Array) -> None:
    """Add the rows of `dout` to `db`, in the order in which they lie in memory."""
    for n in range(dout.shape[0]):
        row = dout[n]
        for j in range(db.size):
            db[j] += row[j]


def _affine_arguments(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> Affine:
    a, weights, biases = floats("x w b", x, w, b)
    if a.ndim == 0:
        refuse_shape("x", a, "(N, ...)")
    d = prod(a.shape[1:])
    if weights.ndim != 2 or weights.shape[0] != d:
        refuse_shape("w", weights, f"({d}, M), a row for each of the {d} entries of a sample in x")
    if biases.shape != weights.shape[1:]:
        refuse_shape("b", biases, f"({weights.shape[1]},), a bias for each column of w")
    return a, weights, biases


def _rows(x: Array) -> Array:
    """x as (N, D), the same memory."""
    return x if x.ndim == 2 else x.reshape(x.shape[0], prod(x.shape[1:]))


def _flat(x: Array) -> Array:
    return x if x.ndim == 1 else x.reshape(-1)


def _outputs(cache: Affine) -> Array:
    return np.empty((cache[0].shape[0], cache[2].size), cache[2].dtype)


def _check_dout(dout: NDArray[Any], shape: tuple[int, ...]) -> None:
    if dout.shape != shape:
        refuse_shape("dout", dout, f"{shape}, that of the forward pass's output")
