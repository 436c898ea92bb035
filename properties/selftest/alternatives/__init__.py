"""Right but unusual: implementations that no claim may refute, each a module with some functions of the contract.

What they take is checked as in the textbook, what they compute is computed in another way: in another order, in another
precision, by another factorisation, with another kind of cache. A claim that fails on one of them asks for more than
the contract does.
"""

from shrinkage.loader import Implementation

from . import course, factorisations, jacobi, lapack, loops, orders, outer, products, refits, summation, tensors

DIFFERENT = [
    Implementation(module.__name__.rsplit(".", 1)[-1], module)
    for module in (summation, outer, jacobi, lapack, factorisations, refits, loops, tensors, products, orders, course)
]
