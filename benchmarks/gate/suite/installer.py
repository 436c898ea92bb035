"""A revision's installation, in a process that ends with who asked for it, and that ends all that it has started."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from shrinkage.properties.isolated.worker import begin, serve


class Installer:
    """Runs a command."""

    def run(self, command: Sequence[str] | str, folder: str, variables: Mapping[str, str]) -> tuple[int, str]:
        """Its exit code, and what is to be told of what it said: its last error, or its last line."""
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=folder,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        lines = done.stdout.strip().splitlines() or ["it printed nothing"]
        return done.returncode, next((line for line in reversed(lines) if "error" in line.lower()), lines[-1]).strip()


def main() -> None:
    """Answer."""
    endpoint, _ = begin()
    serve(endpoint, Installer)


if __name__ == "__main__":
    main()
