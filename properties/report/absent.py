"""Claims about what is not offered, where nobody sees each being skipped: counted so, and never handed out.

To skip one takes half a millisecond in each process, and where one function is offered there are two thousand.
"""

from typing import Any

import pytest

HANDED_OVER = "not offered"  # by one of xdist's processes, to the one that tells


class Absent:
    """Takes them out of those that are to be run, and puts them among the skipped in the end."""

    def __init__(self) -> None:
        self._skipped: list[tuple[str, str, list[tuple[str, Any]]]] = []

    @pytest.hookimpl(trylast=True)  # after -k and -m have left out theirs
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep of those that would be skipped what a report would say."""
        rest = []
        for item in items:
            skip = item.get_closest_marker("skip")
            if skip is None:
                rest.append(item)
            else:
                self._skipped.append((item.nodeid, skip.kwargs["reason"], item.user_properties))
        items[:] = rest

    @pytest.hookimpl(optionalhook=True)  # of xdist
    def pytest_testnodedown(self, node: Any) -> None:
        """Take them from one process: every one has collected the same."""
        self._skipped = self._skipped or getattr(node, "workeroutput", {}).get(HANDED_OVER, [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand them over, or count them."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[HANDED_OVER] = self._skipped
            return
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        for name, reason, properties in self._skipped:
            where = (name, None, "")
            told = (name.partition("::")[0], 0, f"Skipped: {reason}")
            report = pytest.TestReport(name, where, {}, "skipped", told, "setup", user_properties=properties)
            reporter.stats.setdefault("skipped", []).append(report)
