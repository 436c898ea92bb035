"""What follows from the file of a peer."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from shrinkage.loader import WrongChoice, load
from shrinkage.peers import ExpectedFailure, library, peers

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("peer", peers())
def test_a_peer_says_what_it_is_built_on(peer):
    """What is read from its file is what the file says; and where it is expected to fail is a table."""
    pytest.importorskip(library(peer).module, exc_type=ImportError)
    (part,) = load([peer]).parts
    assert library(peer) == vars(part)["LIBRARY"]
    assert all(isinstance(failure, ExpectedFailure) for failure in getattr(part, "EXPECTED_FAILURES", ()))


def test_what_a_peer_is_built_on_is_known_without_it():
    """To say what there is, and what to install, nothing is imported."""
    program = """if True:
        import json, sys
        from shrinkage.peers import library, peers
        known = [library(peer) for peer in peers()]
        print(json.dumps([one.module for one in known if one.module in sys.modules]))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) in ([], ["numpy"])


def test_what_is_installed_is_what_the_peers_are_judged_from():
    """The extra is pip's own list, and the one other place that knows of a peer: `pip install 'shrinkage[peers]'`.

    A peer that is not in it is installed by its library's name, as `--impl` says.
    """
    extra, needed = PROJECT["optional-dependencies"]["peers"], PROJECT["dependencies"]
    assert {*extra} <= {library(peer).requirement for peer in peers()}
    assert {library(peer).requirement for peer in ("numpy", "scipy")} <= {*needed}


@pytest.mark.parametrize("peer", [peer for peer in peers() if peer not in ("numpy", "scipy")])
def test_a_peer_without_its_library_says_what_to_install(monkeypatch, peer):
    """Where a peer's library is missing, one sentence says what to install."""
    top = library(peer).module
    for module in [name for name in sys.modules if name.startswith(f"{top}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, top, None)
    monkeypatch.delitem(sys.modules, f"shrinkage.peers.{peer}", raising=False)
    with pytest.raises(WrongChoice, match=rf"^{peer} needs {top}.*: pip install '{library(peer).requirement}'\.$"):
        load([peer])
