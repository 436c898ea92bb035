"""What judged code has warned of: no failure, for the contract says "without an error", and still worth knowing."""

import warnings
from pathlib import Path
from typing import Any

import _pytest
import hypothesis
import pytest

from shrinkage import properties

# A warning that comes from here is not of what is judged.
OTHERS = tuple(Path(str(package.__file__)).parent for package in (properties, hypothesis, _pytest))


class Warned:
    """Keeps the warnings of a run, each once, with the claims that met it; one of pytest's plugins."""

    def __init__(self, root: Path) -> None:
        self._root = root  # that node ids are relative to
        self._claims: dict[str, set[str]] = {}

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, nodeid: str) -> None:
        """Of a claim, if anything that is judged, or calls on its way, was at it."""
        place = Path(warning_message.filename)
        if self._is_claim(nodeid) and not any(place.is_relative_to(folder) for folder in OTHERS):
            kind, said = warning_message.category.__name__, str(warning_message.message).strip()
            says = f"{kind}: {said} ({place.name}, line {warning_message.lineno})"
            self._claims.setdefault(says, set()).add(nodeid)

    def _is_claim(self, nodeid: str) -> bool:
        file, colons, _ = nodeid.partition("::")  # there is none of what was named by --pyargs from elsewhere
        return bool(colons) and (not file or (self._root / file).resolve().is_relative_to(OTHERS[0].resolve()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In somebody's own run, pytest's list of warnings is of his own tests."""
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and "warnings" in reporter.stats:
            left = [report for report in reporter.stats.pop("warnings") if not self._is_claim(report.nodeid or "")]
            reporter.stats |= {"warnings": left} if left else {}

    def told(self) -> list[dict[str, Any]]:
        """What it says and where it is from, and in how many claims, those of the most claims first."""
        rows = [{"says": says, "claims": len(claims)} for says, claims in self._claims.items()]
        return sorted(rows, key=lambda row: (-row["claims"], row["says"]))
