"""From the command line to an implementation: ``load(["numpy", "homework/layers.py"])``.

A name is a peer's short name (`shrinkage.peers.NAME`; `impl` is `shrinkage` itself), a dotted module, or a path to a
``.py`` file. Several are taken together as one implementation, and the first that offers a function wins. Only the
contract's names count as offered, and ``EXPECTED_FAILURES``; what else a module holds does not matter.
"""

from .choice import Choice, NotOffered, WrongChoice
from .implementation import BESIDE, Implementation, load

__all__ = ["BESIDE", "Choice", "Implementation", "NotOffered", "WrongChoice", "load"]
