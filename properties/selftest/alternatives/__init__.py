"""Right but unusual: implementations that no claim may refute, each a module with some functions of the contract.

What they take is checked as in the textbook, what they compute is computed in another way: in another order, in another
precision, by another factorisation, with another kind of cache. A claim that fails on one of them asks for more than
the contract does.
"""

from types import ModuleType

from shrinkage.loader import Implementation

from . import (
    course,
    doubled,
    factorisations,
    jacobi,
    krylov,
    lapack,
    loops,
    orders,
    outer,
    pivoted,
    products,
    rationals,
    refits,
    remembered,
    stacked,
    summation,
    tensors,
    wide,
)


def _named(*modules: ModuleType) -> list[Implementation]:
    return [Implementation(module.__name__.rsplit(".", 1)[-1], module) for module in modules]


DIFFERENT = _named(summation, outer, jacobi, lapack, factorisations, refits, loops, tensors, products, course)
# Tried on hundreds of examples a claim and up to 5,000 while they were written, and on a few ever since.
TRIED = _named(orders, pivoted, stacked, krylov, remembered, doubled, rationals, wide)
