"""Claims that are tried by a cluster, and examples that are kept where several runs find them."""

import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shrinkage.properties.cluster import Cluster, ended
from shrinkage.properties.selftest.own_pytest import own_python

pytestmark = pytest.mark.power
WRONG = "import numpy as np\n\ndef squared_norm(x):\n    return np.sum(np.abs(x))\n"
JUDGE = ("-m", "shrinkage", "judge", "mine/wrong.py", "-m", "mathematics")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a wrong file in it."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "wrong.py").write_text(WRONG)
    return tmp_path


def judged(folder: Path, *options: str) -> tuple[int, str, Any]:
    """Exit code, what was said, and of the scorecard what does not depend on time or place."""
    card = folder / "card.json"
    code, said = own_python(
        folder, *JUDGE, "--scorecard", str(card), *options, CI="", XDG_CACHE_HOME=str(folder / "cache")
    )
    found = json.loads(card.read_text())
    claims = sorted((claim["id"].rsplit("::")[-1], claim["outcome"]) for claim in found["claims"])
    return code, said, (claims, found["verdicts"].keys(), [one["sentence"] for one in found["findings"]])


def test_a_cluster_gives_the_verdict_of_one_machine(folder):
    """Of a file that the workers do not have; and where nobody answers, that is said."""
    distributed, few = pytest.importorskip("distributed"), ("--profile", "class", "-k", "sum_of_the_squares or row_2x")
    with distributed.LocalCluster(1, threads_per_worker=2, dashboard_address=":0", silence_logs=50) as cluster:
        code, said, found = judged(folder, "--dask", cluster.scheduler_address, *few)
    assert (code, found) == judged(folder, "-n", "0", *few)[::2]
    assert code == 1
    assert "squared_norm is wrong" in said
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        code, said = own_python(folder, *JUDGE, "--dask", address)
    assert f"--dask {address}: no scheduler answers there" in said
    assert code == 4


def test_a_cluster_that_cannot_judge_says_so(tmp_path, monkeypatch):
    """One without workers, with workers of another version or without one, and one whose workers have all left."""
    distributed = pytest.importorskip("distributed")
    where = {"processes": False, "protocol": "tcp://", "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(1, threads_per_worker=1, **where) as cluster:
        address = cluster.scheduler_address
        cluster.scale(0)
        while cluster.scheduler.workers:
            time.sleep(0.01)
        code, said = own_python(tmp_path, "-m", "shrinkage", "judge", "numpy", "--dask", address)
        assert f"--dask {address}: that cluster has no workers." in said
        assert code == 4
        cluster.scale(1)
        with distributed.Client(cluster) as client:
            client.wait_for_workers(1)
            for found, sentence in ((None, "needs pip install 'shrinkage[judge]'"), ("0.0", "has shrinkage 0.0, and")):
                monkeypatch.setattr(importlib.metadata.Distribution, "from_name", partial(installed, found))
                with pytest.raises(pytest.UsageError, match=re.escape(sentence)):
                    Cluster(address)
            monkeypatch.undo()
            task = client.submit(time.sleep, 3)
            cluster.scale(0)
            with pytest.raises(ConnectionError, match=r"has had no worker for 0\.2 s"):
                [*ended(client, [task], patience=0.2)]


def installed(version: str | None, name: str) -> Any:
    """A package of this version, as its metadata have it."""
    if version is None:
        raise importlib.metadata.PackageNotFoundError(name)
    return SimpleNamespace(version=version)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real Redis, on a port of its own."""
    if shutil.which("redis-server") is None and not os.environ.get("CI"):
        pytest.skip("redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        try:
            for _ in range(100):
                time.sleep(0.1)
                with socket.socket() as asks:
                    if asks.connect_ex(("127.0.0.1", port)) == 0:
                        break
            yield f"redis://127.0.0.1:{port}"
        finally:
            running.terminate()


@pytest.mark.parametrize("kind", ["folder", "redis"])
def test_what_failed_in_one_run_is_tried_first_in_another(folder, kind, request):
    """Also on another machine, if both name a folder that they share, or a server."""
    place = str(folder / "examples") if kind == "folder" else request.getfixturevalue("server")
    code, *_ = judged(folder, "--database", place, "-n", "2")
    assert code == 1
    says = "    print(np.asarray(x).tolist(), file=open('tried', 'a'))\n    return"
    tried = WRONG.replace("    return", says)
    (folder / "mine" / "wrong.py").write_text(tried)
    others = str(folder / "others")  # who has no examples of his own, and draws one that is wrong by luck alone
    first = []
    for where in (place, others):
        (folder / "tried").unlink(missing_ok=True)
        judged(folder, "--database", where, "-n", "0", "-k", "the_sum_of_the_squares")
        first.append((folder / "tried").read_text().splitlines()[0])
    wrong = json.loads(first[0])
    assert sum(map(abs, wrong)) != sum(x * x for x in wrong)
    assert json.loads(first[1]) != wrong


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--database", "redis://127.0.0.1:1"), "--database redis://127.0.0.1:1: no server answers there"),
        (("--database", "x", "--profile", "class"), "the examples of --hypothesis-profile class are the same every"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(folder, options, sentence):
    """In a sentence."""
    code, said = own_python(folder, *JUDGE, *options, CI="")
    assert code == 4
    assert sentence in said
