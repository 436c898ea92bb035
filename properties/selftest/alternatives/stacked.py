"""QR of blocks of rows, and of what is left of them; results lie in one buffer, of which no part is used twice."""

import functools
import threading

import numpy as np

from shrinkage.peers import numpy as textbook
from shrinkage.peers.numpy._input import not_negative, quiet
from shrinkage.peers.numpy.ridge import _problem
from shrinkage.peers.numpy.spectrum import _path

BLOCK = 3


class _Buffer:
    """A gigabyte of which the system has given none before it is written to."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._renew()

    def _renew(self) -> None:
        self._bytes, self._used = np.empty(1 << 30, np.uint8), 0

    def taken(self, value):
        """A copy in there."""
        size = -(-value.nbytes // 64) * 64
        with self._one_at_a_time:
            if self._used + size > self._bytes.size:
                self._renew()
            place = self._bytes[self._used : self._used + value.nbytes].view(value.dtype).reshape(value.shape)
            self._used += size
        place[...] = value
        return place


BUFFER = _Buffer()


def _in_buffer(function):
    @functools.wraps(function)
    def stored(*arguments, **named):
        return BUFFER.taken(np.asarray(quiet(function)(*arguments, **named)))

    return stored


def _factored(rows, targets):
    """R and Qᵀy, the rows of a block with what the blocks before have left."""
    d = rows.shape[1]
    R, b = np.zeros((0, d), rows.dtype), np.zeros((0, targets.shape[1]), rows.dtype)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        Q, R = np.linalg.qr(np.vstack([R, rows[part]]))
        b = Q.T @ np.vstack([b, targets[part]])
    return R, b


@_in_buffer
def ridge_augmented_rows(X, y, lam):
    """R and Qᵀy are a problem of d rows with the same solution, which goes by the SVD of R."""
    F, g, mu, unscale = _problem(X, y, lam)
    if not F.size or not g.size:
        return textbook.ridge_svd(X, y, lam)
    R, b = _factored(F, g.reshape(len(g), -1))
    return unscale(textbook.ridge_svd(R, b.reshape(len(b), *g.shape[1:]), mu))


@_in_buffer
def ridge(X, y, lam):
    """Likewise, at λ = 0 as in the textbook."""
    return ridge_augmented_rows(X, y, lam) if not_negative("lam", lam) else textbook.lstsq(X, y)


@_in_buffer
def ridge_path(X, y, lams):
    """One λ after the other."""
    X, y, lams = _path(X, y, lams)
    return np.array([ridge(X, y, lam) for lam in lams], X.dtype).reshape(len(lams), X.shape[1], *y.shape[1:])


@_in_buffer
def elbow(w, b):
    """As in the textbook."""
    return textbook.elbow(w, b)


@_in_buffer
def matvec(A, x):
    """A block of rows after the other."""
    like = textbook.matvec(A, x)
    return np.concatenate([like[:0], *(textbook.matvec(A[i : i + 1], x) for i in range(len(like)))])
