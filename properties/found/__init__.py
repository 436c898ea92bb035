"""Faults of released libraries: ``python -m shrinkage.properties.found`` lists them.

Each is a script of at most twenty lines below `scripts`, which needs the library and no more, prints what it gives and
what is right, proves the latter in rationals where it is a number, and says at the end whether the library is still
"wrong" or has been "mended".
What else is known of it is in `faults.toml`: the version in which it was seen, what it breaks, whether the library's
people know, and what to tell them.
"""

import ast
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

SCRIPTS = Path(__file__).with_name("scripts")


@dataclass(frozen=True)
class Fault:
    """What a library gives that is wrong.

    Parameters
    ----------
    name
        Of its script.
    library
        Its name for pip.
    version
        The last one in which the fault was seen.
    breaks
        What a user has of it, in a sentence.
    report
        What there is to say of the cause and of how to mend it.
    known
        Where the library's people speak of it; empty where nobody does.
    related
        Where they speak of something close.
    mended
        The first version without it; empty as long as there is none.
    """

    name: str
    library: str
    version: str
    breaks: str
    report: str
    known: str = ""
    related: str = ""
    mended: str = ""

    @property
    def script(self) -> Path:
        """Where it is."""
        return next(SCRIPTS.glob(f"*/{self.name}.py"))

    @property
    def source(self) -> str:
        """The script's text."""
        return self.script.read_text(encoding="utf-8")

    @property
    def said(self) -> str:
        """What is wrong, in a sentence: the script's docstring."""
        return ast.get_docstring(ast.parse(self.source)) or ""

    def installed(self) -> str | None:
        """The version that is, or None."""
        try:
            return version(self.library)
        except PackageNotFoundError:
            return None

    def run(self) -> subprocess.CompletedProcess[str]:
        """The script, in a process of its own, in which warnings are not shown."""
        command = [sys.executable, "-W", "ignore", str(self.script)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def news(self, installed: str, output: str) -> str:
        """What of the script's output is not as `faults.toml` has it, in a sentence; empty where all is."""
        from packaging.version import Version

        *_, verdict = output.split() or [""]
        due = "mended" if self.mended and Version(installed) >= Version(self.mended) else "wrong"
        if verdict == due:
            return ""
        if verdict == "mended":
            return (
                f'{self.library} {installed} has mended {self.name}: say mended = "{installed}", or an earlier version '
                f"that has, in properties/found/faults.toml"
            )
        if verdict == "wrong":
            return f"{self.library} {installed} is wrong in {self.name} again, which {self.mended} had mended"
        return f"{self.name} has neither shown the fault nor its absence: {output or 'nothing was printed'}"

    def letter(self, installed: str, output: str) -> str:
        """The text to be sent to the library's people: fault, consequence, cause, script and what it prints."""
        seen = "\n".join(f"See also {address}." for address in (self.known, self.related) if address)
        return "\n\n".join(
            part.strip()
            for part in (
                f"# {self.said}",
                self.breaks,
                self.report,
                seen,
                f"```python\n{self.source}```",
                f"By {self.library} {installed} it prints\n\n```text\n{output}```",
            )
            if part.strip()
        )


def _faults() -> dict[str, Fault]:
    said = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))
    return {name: Fault(name=name, **entry) for name, entry in said.items()}


FAULTS = _faults()
