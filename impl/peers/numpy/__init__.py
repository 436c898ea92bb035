"""The contract as a person would write it from the textbook, in plain NumPy: `--impl numpy`.

It is the second opinion. Nothing here is shared with the project's own implementation, so the two can only agree by
both being right. Every formula stands as it is written on paper; what is done beyond that (input that is checked, data
that is scaled by a power of two before it is squared) is in `_input` and `_scaling`.
"""

# ruff: noqa: F403  # of what is in them, the names of the contract count

from shrinkage.peers import Library  # absolute: seeded bugs are this package under another name

from .calculus import *
from .layers import *
from .least_squares import *
from .network import *
from .optim import *
from .relu import *
from .ridge import *
from .spectrum import *
from .unequal import *

LIBRARY = Library(distribution="numpy", oldest="2.0", module="numpy")
