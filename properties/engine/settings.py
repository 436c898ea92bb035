"""Claims over drawn problems, which can be run under other settings than they were defined with.

Hypothesis fixes a test's settings when the test is defined. So `given` is Hypothesis' own, and keeps beside the test
how it was made: made once more, it takes other settings, or something around it that sees what is drawn.
"""

from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import settings

Test = Callable[..., None]


def given(*strategies: Any, **by_name: Any) -> Callable[[Test], Test]:
    """`hypothesis.given`, which remembers what it was given."""

    def define(test: Test) -> Test:
        def drawn(around: Callable[[Test], Test] = lambda test: test) -> Any:
            decorator: Any = hypothesis.given(*strategies, **by_name)
            return decorator(around(test))

        defined: Test = drawn()
        vars(defined)["drawn"] = drawn
        return defined

    return define


def under(test: Test, chosen: settings) -> Test:
    """The same test under these settings; what draws nothing, as it is."""
    return chosen(test.drawn()) if hasattr(test, "drawn") else test
