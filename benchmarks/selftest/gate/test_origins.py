"""Each side runs its own code, or the gate says that it cannot tell: every way in which both could be the same."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from shrinkage.benchmarks.gate.command import main
from shrinkage.benchmarks.gate.revisions import checkouts, origins
from shrinkage.benchmarks.selftest.gate.test_runs import RIGHT, git, left_behind, repository

pytestmark = pytest.mark.usefixtures("few")

FAST = "from mini.core import squared_norm\n"
COPIES = RIGHT.replace("np.dot(x, x)", "np.dot(x, sum((x.copy() for _ in range(3)), 0 * x))  / 3")


def commit(folder: Path, tag: str, files: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write these files, then commit and tag the tree."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder.mkdir(exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", tag)
    git(folder, "tag", tag)


def gate(folder: Path, *options: str, only: str = "memory") -> int:
    """The exit code of v0 against v1, of one case."""
    out = folder.parent / "gate.json"
    out.unlink(missing_ok=True)
    given = ["v0", "v1", "--repo", str(folder), "-k", "squared_norm-large", "--only", only, "--json", str(out)]
    return main([*given, *options])


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """A repository in a src layout, in which v1 copies x three times over, and v0 does not."""
    commit(tmp_path / "repo", "v0", {"src/mini/__init__.py": FAST, "src/mini/core.py": RIGHT})
    commit(tmp_path / "repo", "v1", {"src/mini/core.py": COPIES})
    return tmp_path / "repo"


def preloaded(monkeypatch: pytest.MonkeyPatch, site: Path, text: str) -> None:
    """Every process has run this by the time that it runs anything: what a path file can do."""
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(site))


@pytest.mark.power
def test_a_src_layout_is_gated(src, tmp_path, monkeypatch, capsys):
    """Its own src comes first, though the package is installed from the repository, and a copy of it is beside it."""
    site = tmp_path / "site"
    commit(site, "v", {"mini/__init__.py": FAST, "mini/core.py": RIGHT})
    preloaded(monkeypatch, site, f"import sys; sys.path.append({str(src / 'src')!r})")
    assert gate(src, "--impl", "mini") == 1
    assert "peak memory of squared_norm-large" in capsys.readouterr().out
    assert left_behind() == []


HOOK = """
import sys
from importlib.machinery import PathFinder
class Editable:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return PathFinder.find_spec(name, [{src!r}]) if name == "mini" else None
sys.meta_path.insert(0, Editable)
"""
# Every side's file is read from the head's folder, and says that it is from its own.
FORGED = """
from importlib.machinery import SourceFileLoader
read = SourceFileLoader.get_data
SourceFileLoader.get_data = lambda self, path: read(self, path.replace("/base/theirs/", "/head/theirs/"))
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(HOOK, "mini was loaded from {src}/mini/__init__.py"), (FORGED, "the two sides cannot be told apart")],
    ids=["a hook", "forged"],
)
@pytest.mark.power
def test_two_sides_that_run_the_same_code_are_refused(src, tmp_path, monkeypatch, capsys, text, sentence):
    """The hook of an editable installation comes before every path; what lies about its place is seen by the marker."""
    preloaded(monkeypatch, tmp_path / "site", text.replace("{src!r}", repr(str(src / "src"))))
    assert gate(src, "--impl", "mini") == 2
    assert sentence.format(src=src / "src") in capsys.readouterr().err


def test_what_is_of_the_repository_has_to_be_of_the_revision(tmp_path):
    """By where it is, by what is gated, and by what the tree has under that name; a dependency may be anywhere."""
    tree, repo, site = (tmp_path / name for name in ("run/base", "repo", "site"))
    for file in ("theirs/src/mini/__init__.py", "theirs/src/space/part/__init__.py", "theirs/data/plot.py"):
        (tree / file).parent.mkdir(parents=True)
        (tree / file).touch()
    link = tree / "theirs" / "link.py"
    link.symlink_to(tmp_path / "elsewhere.py")
    path = [tree / "theirs" / "src", tree / "theirs"]

    def wrong(**loaded: Path) -> str | None:
        named = {name.replace("_", "."): str(file) for name, file in loaded.items()}
        return origins.foreign(named, ["solvers", "link"], repo, [tree], path)

    assert wrong(mini=path[0] / "mini/__init__.py", numpy=site / "numpy/__init__.py", data=site / "data.py") is None
    assert wrong(space_other=site / "space/other.py", plot=site / "plot.py") is None  # other distributions'
    assert wrong(venv=Path(sys.prefix) / "lib/venv.py", random=site / "random.py") is None
    assert wrong(solvers=site / "solvers.py")
    assert wrong(helper=repo / "helper.py")
    assert wrong(mini_core=site / "mini/core.so")
    assert wrong(space_part=site / "space/part/__init__.py")
    assert wrong(link=link)


def test_what_is_exported_is_what_a_checkout_has(tmp_path):
    """Submodules, and what is left out of archives; links as links; no bytecode, which may be of another revision."""
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    commit(inner, "v0", {"part.py": "1"})
    files = {"mine.py": "1", "__pycache__/mine.cpython-311.pyc": "0", ".gitattributes": "mine.py export-ignore\n"}
    commit(outer, "begun", files)
    (outer / "link.py").symlink_to("mine.py")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner), "lib")
    commit(outer, "v0")
    commit(outer / "lib", "v1", {"part.py": "2"})
    commit(outer, "v1", {"mine.py": "2"})
    (outer / "mine.py").write_text("3")
    (outer / "lib" / "part.py").write_text("3")
    for tag, text in (("v0", "1"), ("v1", "2"), (None, "3")):
        chosen = checkouts.revision(outer, tag)
        tree = tmp_path / "run" / text
        checkouts.export(outer, chosen, tree)
        assert (tree / "mine.py").read_text() == (tree / "lib" / "part.py").read_text() == text
        assert (tree / "link.py").readlink() == Path("mine.py")
        assert not list(tree.rglob("*.pyc"))
    git(outer, "checkout", "--quiet", "--force", "v0")
    assert subprocess.run(["git", "status", "--porcelain"], cwd=outer, capture_output=True).stdout == b" M lib\n"


# ---- new, gone, renamed ----------------------------------------------------------------------------------------------

TWO = RIGHT + "\ndef relu_forward(x):\n    return np.maximum(x, 0), x\n"


@pytest.mark.power
def test_what_is_new_is_judged_by_its_bound(tmp_path, capsys):
    """It has no error to compare with: base, without the function, is not at 0."""
    folder = repository(tmp_path, RIGHT, TWO)
    given = ["v0", "v1", "--repo", str(folder), "--impl", "mine.py", "-k", "relu_forward-large"]
    assert main([*given, "--only", "accuracy"]) == 0
    said = capsys.readouterr().out
    assert "was 0 and is" not in said
    assert "relu_forward-large is new" in said
    assert "relu_forward is new: its error is at" in said


@pytest.mark.parametrize(
    ("before", "after", "code", "sentence"),
    [
        (RIGHT, TWO.replace("(x, 0), x", "(x, 1), x"), 1, "relu_forward-large gives a wrong answer"),
        (TWO, RIGHT, 1, "relu_forward-large cannot be run: NotOffered"),
        (TWO.replace("0), x", "1), x"), TWO.replace("0), x", "2), x"), 2, "a wrong answer on both sides"),
        (
            TWO.replace("0), x", "1), x"),
            TWO,
            2,
            "No case can be compared. relu_forward-large gives a wrong answer in base",
        ),
    ],
    ids=["new and wrong", "gone", "wrong", "mended"],
)
@pytest.mark.power
def test_what_was_not_compared_has_not_passed(tmp_path, capsys, before, after, code, sentence):
    """By name, whatever else there is."""
    folder = repository(tmp_path, before, after)
    given = ["v0", "v1", "--repo", str(folder), "--impl", "mine.py", "-k", "relu_forward-large"]
    assert main([*given, "--only", "memory"]) == code
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize(("text", "code"), [(RIGHT, 0), (RIGHT.replace("dot(x, x)", "sum(x)"), 1)])
@pytest.mark.power
def test_the_change_that_brings_the_file_passes_if_it_is_right(tmp_path, capsys, text, code):
    """Base lacks it: there is nothing to compare with yet, but a wrong answer is one."""
    commit(tmp_path, "v0", {"other.py": ""})
    commit(tmp_path, "v1", {"mine.py": text})
    assert gate(tmp_path, "--impl", "mine.py", only="memory" if code else "accuracy") == code
    said = capsys.readouterr().out
    assert "v0 does not have what is gated: there is nothing to compare with yet" in said
    assert ("squared_norm-large gives a wrong answer" in said) == bool(code)


@pytest.mark.power
def test_a_file_that_was_renamed_is_compared_with_what_it_was(tmp_path, capsys):
    """git says so, and so does the gate; asked for by its old name, it says the new one."""
    commit(tmp_path, "v0", {"old.py": RIGHT})
    git(tmp_path, "mv", "old.py", "new.py")
    commit(tmp_path, "v1", {"new.py": RIGHT.replace("np.dot(x, x)", "np.dot(x, x.copy())")})
    assert gate(tmp_path, "--impl", "new.py") == 1
    said = capsys.readouterr().out
    assert "new.py was old.py in v0: it was renamed" in said
    assert "peak memory of squared_norm-large" in said
    assert gate(tmp_path, "--impl", "old.py") == 2
    assert "old.py is in v0, and not in v1, where it is called new.py: --impl new.py." in capsys.readouterr().err


@pytest.mark.power
def test_a_head_that_never_answers_costs_no_more_than_the_budget(tmp_path, capsys):
    """And is named: it is neither slower nor as fast."""
    folder = repository(tmp_path, RIGHT, "def squared_norm(x):\n    while True:\n        pass\n")
    assert gate(folder, "--impl", "mine.py", "--budget", "9s") == 2
    said = json.loads((folder.parent / "gate.json").read_text())
    assert said["verdict"] == "inconclusive"
    assert "the time was over when head was asked for: first call squared_norm-large" in said["reasons"][0]
    assert said["seconds"] < 14


def test_modules_are_imported_from_where_the_project_says(tmp_path):
    """pytest's pythonpath, setuptools' folders, src, and the tree itself; what leads out of it is left alone."""
    for name in ("src", "lib", "python", "tools"):
        (tmp_path / name).mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\npythonpath = ["python", ".."]\n[tool.setuptools.package-dir]\n"" = "lib"\n'
    )
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\npythonpath = tools\n")
    assert [root.name for root in origins.roots(tmp_path)] == ["python", "lib", "tools", "src", tmp_path.name]
    (tmp_path / "pyproject.toml").write_text("tool = 1")
    assert [root.name for root in origins.roots(tmp_path)] == ["tools", "src", tmp_path.name]
