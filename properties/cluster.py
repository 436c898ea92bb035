"""Claims on a cluster of Dask's, ``--dask ADDRESS``: workers try some each, and what they report makes one verdict.

Every task is a pytest of its own, in a process of its own, with the options of this run and the files that are judged;
so a worker needs `shrinkage[judge]` and nothing of the folder that the run was begun in. A worker that dies costs its
tasks, which another one tries.
"""

import importlib.metadata
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from shrinkage import __version__
from shrinkage.properties.judge import CLAIMS, OPTIONS, nobodys, said

HERE = {"--dask", "--scorecard", "--page", "--gradescope", "--gradescope-points"}  # what is no worker's
TASKS = 4  # for each thread of the cluster: they take different times
PATIENCE = 60.0  # seconds without a single worker, in which one may be started again
Reports = list[dict[str, Any]]


class Cluster:
    """Hands out the claims of a run.

    Parameters
    ----------
    address
        Of the scheduler, as `distributed.Client` takes it.
    """

    def __init__(self, address: str) -> None:
        from distributed import Client

        self.client = Client(address, timeout="10s")
        try:
            self._fit(address)
        except pytest.UsageError:
            self.client.close()
            raise

    def _fit(self, address: str) -> None:
        """Raise ``pytest.UsageError`` unless there are workers, which have what they need: they would leave else."""
        there = self.client.run(importlib.metadata.version, "shrinkage", on_error="return")
        if not there:
            raise pytest.UsageError(f"--dask {address}: that cluster has no workers.")
        for worker, version in there.items():
            if isinstance(version, importlib.metadata.PackageNotFoundError):
                raise pytest.UsageError(f"--dask {address}: its worker {worker} needs pip install 'shrinkage[judge]'.")
            if version != __version__:
                raise pytest.UsageError(
                    f"--dask {address}: its worker {worker} has shrinkage {version}, and here it is {__version__}."
                )

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own."""
        config = session.config
        if session.testsfailed and not config.option.continue_on_collection_errors:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        if config.option.collectonly or not session.items:
            return True
        workers = sum(self.client.nthreads().values())
        names = [(str(item.path.name), item.name) for item in session.items]
        parts = [names[i :: TASKS * workers] for i in range(min(TASKS * workers, len(names)))]
        files = dict(_files(config))
        tasks = [self.client.submit(tried, arguments(config), files, part, pure=False) for part in parts]
        try:
            for data in ended(self.client, tasks):
                report = config.hook.pytest_report_from_serializable(config=config, data=data)
                config.hook.pytest_runtest_logreport(report=report)
                session.testsfailed += report.failed
        except ConnectionError as error:
            raise session.Interrupted(str(error)) from None
        return True

    def pytest_unconfigure(self) -> None:
        """Leave the cluster as it was."""
        self.client.close()


def ended(client: Any, tasks: Iterable[Any], patience: float = PATIENCE) -> Iterator[dict[str, Any]]:
    """What the tasks report, as they end; ``ConnectionError`` where nobody is left who could end them."""
    from distributed import wait

    pending, alone = {*tasks}, time.monotonic()
    while pending:
        try:
            done, pending = wait(pending, timeout=min(5.0, patience), return_when="FIRST_COMPLETED")
        except TimeoutError:
            if client.nthreads():
                alone = time.monotonic()
            elif time.monotonic() - alone > patience:
                raise ConnectionError(f"the cluster has had no worker for {patience:g} s") from None
            continue
        except CancelledError:
            raise ConnectionError("the cluster's scheduler is gone") from None
        alone = time.monotonic()
        for task in done:
            yield from task.result()


def arguments(config: pytest.Config) -> list[str]:
    """What this run is told of claims."""
    asked = {name: config.getoption(name) for name in OPTIONS if name not in HERE}
    asked |= {name: config.getoption(name) for name in ("--impl", "--hypothesis-profile")}
    return said(asked)


def _files(config: pytest.Config) -> Iterator[tuple[str, bytes]]:
    """What is judged, as it is given: a file, or a folder with all its files of Python."""
    for name in config.getoption("--impl") or ():
        path = Path(name)
        if path.is_file():
            yield name, path.read_bytes()
        elif path.is_dir():
            for file in path.rglob("*.py"):
                yield f"{name}/{file.relative_to(path)}", file.read_bytes()


def tried(given: Sequence[str], files: Mapping[str, bytes], names: Sequence[tuple[str, str]]) -> Reports:
    """Of a worker: these claims with these options, and what pytest reports of each."""
    with tempfile.TemporaryDirectory(prefix="shrinkage.") as made:
        folder = Path(made).resolve()
        there = {name: str(folder / "judged" / name.lstrip("/")) for name in files}
        for name, content in files.items():
            Path(there[name]).parent.mkdir(parents=True, exist_ok=True)
            Path(there[name]).write_bytes(content)
        asked = [_moved(argument, there) for argument in given]
        (folder / "asked").write_bytes(pickle.dumps((asked, list(names))))
        command = [sys.executable, "-m", "shrinkage.properties.cluster", str(folder)]
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if not (folder / "reports").is_file():
            raise RuntimeError(f"pytest ended with exit code {done.returncode}: {done.stdout.decode()[-2000:]}")
        reports: Reports = pickle.loads((folder / "reports").read_bytes())
        return reports


def _moved(argument: str, there: Mapping[str, str]) -> str:
    """The argument, where it names a file or a folder that is somewhere else now."""
    option, _, given = argument.partition("=")
    for name, now in there.items():
        if given == name or name.startswith(f"{given}/"):
            return f"{option}={now.removesuffix(name[len(given) :])}"
    return argument


class _Chosen:
    """Of the process of a task: only these claims, and all their reports."""

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        self.names, self.reports = {*names}, Reports()
        self.config: Any = None

    def pytest_configure(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if (item.path.name, item.name) in self.names]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.append(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))


def main(folder: Path) -> None:
    """Try what the folder asks for, and leave the reports there."""
    given, names = pickle.loads((folder / "asked").read_bytes())
    chosen = _Chosen(names)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
    files = sorted({str(CLAIMS / file) for file, _ in names})
    pytest.main([*nobodys(folder), "--tb=short", "-n0", *given, *files], plugins=[chosen])
    (folder / "part").write_bytes(pickle.dumps(chosen.reports))
    (folder / "part").rename(folder / "reports")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
