"""One case: a function at a size, with its inputs and what it costs; and how several are written down at once."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from shrinkage.benchmarks.cases.inputs import Arguments, Builder
from shrinkage.loader import Implementation

Formula = Callable[..., float]
Call = Callable[[], Any]
Bind = Callable[[Implementation, str, Arguments], Call]
Layout = Callable[[np.ndarray], np.ndarray]
Sizes = dict[str, int]


def plain(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """The function, called with the arguments."""
    return partial(getattr(implementation, function), *arguments)


@dataclass(frozen=True, eq=False)  # by identity, so that answers can be kept for it
class Case:
    """One function at one size.

    Parameters
    ----------
    function
        A name of the contract.
    label
        `small`, `large`, or what else sets this size apart.
    sizes
        The sizes by the letters of the contract; `inputs`, `flops` and `moved` take them by name.
    inputs
        Builds the arguments from a generator and the sizes.
    flops
        Floating-point operations; a root, an exponential and a division count as one each.
    moved
        Floating-point numbers that have to be read or written once at least.
    answer
        From the arguments to each part of the answer and its bound, where `references` has none for the function.
    bind
        From an implementation and the arguments to the call that is timed, which takes nothing.
    dtype
        Of the arrays, unless another one is asked for.
    layout
        Lays out each array in memory in another way, with the same values.
    quick
        Whether it is timed unless all sizes are asked for.
    """

    function: str
    label: str
    sizes: Mapping[str, int]
    inputs: Builder
    flops: Formula
    moved: Formula
    bind: Bind = field(default=plain)
    answer: Callable[..., list[Any]] | None = None
    dtype: Any = np.float64
    layout: Layout | None = None
    quick: bool = True

    def __str__(self) -> str:
        return f"{self.function}-{self.label}"

    def arguments(self, dtype: Any = None) -> Arguments:
        """The inputs, the same ones every time, in the case's dtype or another."""
        rng = np.random.default_rng(zlib.crc32(self.function.encode()))
        return tuple(self._cast(argument, dtype or self.dtype) for argument in self.inputs(rng, **self.sizes))

    def _cast(self, argument: Any, dtype: Any) -> Any:
        if isinstance(argument, dict):
            return {key: self._cast(value, dtype) for key, value in argument.items()}
        if not isinstance(argument, np.ndarray) or argument.dtype.kind != "f":
            return argument
        array = argument.astype(dtype, copy=False)
        return self.layout(array) if self.layout else array

    def call(self, implementation: Implementation, arguments: Arguments) -> Call:
        """What is timed. Whatever has to happen before (a forward pass, a net) happens here, and is not timed."""
        return self.bind(implementation, self.function, arguments)

    def cost(self, dtype: Any = None) -> tuple[float, float]:
        """Flops and bytes moved."""
        return self.flops(**self.sizes), self.moved(**self.sizes) * np.dtype(dtype or self.dtype).itemsize


class Cases(list[Case]):
    """The cases of a chapter, written down one line for each function, or for each kind of input."""

    def add(
        self,
        names: str,
        build: Builder,
        flops: Formula,
        moved: Formula,
        bind: Bind = plain,
        /,
        *,
        options: Mapping[str, Any] | None = None,
        **sizes: Sizes,
    ) -> None:
        """Several functions, each at sizes by label; `options` are more fields of `Case`."""
        for name in names.split():
            for label, chosen in sizes.items():
                self.append(Case(name, label, chosen, build, flops, moved, bind, **(options or {})))


def sized(letters: str, *shapes: tuple[int, ...], suffix: str = "") -> dict[str, Sizes]:
    """Sizes that are their own label: `50x10` for n = 50, d = 10."""
    return {"x".join(map(str, shape)) + suffix: dict(zip(letters.split(), shape, strict=True)) for shape in shapes}


# ---- costs that several chapters share -------------------------------------------------------------------------------


def svd(q: int, p: int) -> float:
    """Flops of a thin singular value decomposition, R-SVD: Golub and Van Loan (2013), figure 8.6.1."""
    q, p = max(q, p), min(q, p)
    return 6 * q * p**2 + 20 * p**3


def qr(q: int, p: int) -> float:
    """Flops of a Householder QR factorisation: Golub and Van Loan (2013), §5.2.2."""
    return 2 * q * p**2 - 2 / 3 * p**3


def regression_size(*, k: int = 1, **sizes: int) -> float:
    """Numbers in X, in y and in w, of k targets."""
    q, p = sizes.values()
    return q * p + (q + p) * k
