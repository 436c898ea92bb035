"""The gate, run: on small repositories of somebody else's, whose revisions differ in one thing."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shrinkage.benchmarks.gate.command import main
from shrinkage.benchmarks.gate.revisions import checkouts

pytestmark = [pytest.mark.power, pytest.mark.usefixtures("few")]

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "benchmarks" / "gate" / "gate.schema.json").read_text(encoding="utf-8"))
RIGHT = """
import numpy as np

def squared_norm(x):
    x = np.asarray(x)
    return x.dtype.type(np.dot(x, x))
"""
CHANGES = {
    "comments only": (
        "",
        RIGHT.replace("return", "# the square of the length\n    return"),
        0,
        "nothing has become worse",
    ),
    "twice as slow": (
        "time",
        RIGHT.replace("np.dot(x, x)", "(np.dot(x, x) + np.dot(x, x)) / 2"),
        1,
        "squared_norm-large takes ",
    ),
    "a temporary array": (
        "memory",
        RIGHT.replace("np.dot(x, x)", "np.dot(x, x.copy())"),
        1,
        "peak memory of squared_norm-large",
    ),
    "single precision inside": (
        "accuracy",
        RIGHT.replace("x = np.asarray(x)", "x = np.asarray(x)\n    z = x.astype(np.float32)").replace(
            "np.dot(x, x)", "np.dot(z, z)"
        ),
        1,
        "squared_norm-large gives a wrong answer",
    ),
    "it raises": (
        "time",
        "def squared_norm(x):\n    raise RuntimeError('not today')\n",
        1,
        "cannot be run: RuntimeError: not today",
    ),
}
KERNEL = """
import numba
import numpy as np

@numba.njit(cache=True)
def _sum(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
LINES
    return total

def squared_norm(x):
    x = np.asarray(x)
    return x.dtype.type(_sum(np.ascontiguousarray(x, np.float64)))
"""


def git(repository: Path, *arguments: str) -> None:
    """Run git there, as nobody in particular."""
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=repository, check=True, capture_output=True)


def repository(folder: Path, *sources: str) -> Path:
    """A repository with a file, mine.py, that has these contents one after the other; they are tagged v0, v1, ..."""
    git(folder, "init", "--quiet")
    for i, source in enumerate(sources):
        (folder / "mine.py").write_text(source)
        git(folder, "add", "mine.py")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", f"version {i}")
        git(folder, "tag", f"v{i}")
    return folder


def gate(repo: Path, *options: str, case: str = "squared_norm-large") -> tuple[int, dict[str, Any], str]:
    """Exit code, result and Markdown of v0 against v1."""
    out, comment = repo / "gate.json", repo / "gate.md"
    given = ["v0", "v1", "--repo", str(repo), "--impl", "mine.py", "-k", case, "--json", str(out)]
    code = main([*given, "--markdown", str(comment), *options])
    result = json.loads(out.read_text(encoding="utf-8"))
    jsonschema.validate(result, SCHEMA)
    return code, result, comment.read_text(encoding="utf-8")


def left_behind() -> list[str]:
    """Folders and processes of a gate."""
    folders = [str(path) for path in Path(tempfile.gettempdir()).glob(f"{checkouts.PREFIX}*")]
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    ours = ("shrinkage.benchmarks.gate.contract.candidate ", "shrinkage.benchmarks.gate.suite.")
    there = str(Path(tempfile.gettempdir()).parent)  # with all that this process of the tests makes
    return folders + [line for line in listed if any(o in line for o in ours) and there in line]


@pytest.mark.parametrize("change", CHANGES)
def test_each_kind_of_change_is_told_apart(tmp_path, change):
    """What became worse is a regression of that kind alone, named; what is only said otherwise passes."""
    kind, changed, code, reason = CHANGES[change]
    repo = repository(tmp_path, RIGHT, changed)
    got, result, comment = gate(repo, *(["--only", kind] if kind else ["--only", "memory", "--only", "accuracy"]))
    assert got == code, result["reasons"]
    assert reason in comment
    assert left_behind() == []


def test_compile_time_is_gated(tmp_path):
    """A kernel that takes several times as long to compile, and no longer to run."""
    lines = "\n".join(f"        if total == {i}.5:\n            total += np.sin(x[i]) * {i}" for i in range(120))
    short, long = KERNEL.replace("LINES", ""), KERNEL.replace("LINES", lines)
    code, result, _ = gate(repository(tmp_path, short, long), "--only", "compile")
    assert code == 1, result["compile"]
    assert result["reasons"][0].startswith("compile time of squared_norm-large")


def test_a_benchmark_that_is_gone_has_not_passed(tmp_path):
    """In the project's own repository: a case is deleted, nothing else is changed."""
    own = tmp_path / "own"
    checkouts.export(ROOT, checkouts.revision(ROOT, None), own)  # as it stands, committed or not
    git(own, "init", "--quiet")
    git(own, "add", "--all")
    git(own, "commit", "--quiet", "--allow-empty", "--message", "as it is")
    cases = own / "benchmarks" / "cases" / "calculus.py"
    cases.write_text(
        cases.read_text(encoding="utf-8") + '\nCASES[:] = [c for c in CASES if str(c) != "matvec-small"]\n'
    )
    command = [
        sys.executable,
        "-m",
        "shrinkage",
        "gate",
        "HEAD",
        "-k",
        "squared_norm_jacobian-small",
        "--only",
        "memory",
    ]
    done = subprocess.run(command, cwd=own, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the working tree against HEAD (" in done.stdout
    assert "matvec-small is a benchmark of HEAD, and the working tree has none of that name" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "has no revision 'nowhere': give a branch, a tag or a commit."),
        (["v0", "--impl", "mine.py", "-k", "ridge-lagre"], "No case is named ridge-lagre (did you mean ridge-large"),
        (["v0", "v0"], "v0 and v0 are the same commit, "),
        (["v0", "v1"], "v0 and v1 have the same files, "),
        (["v0"], "v0 and the working tree have the same files, "),
        ([], "and the working tree have the same files, "),
        (["--prove", "1", "--json", "FILE"], "is no account of the gate's own proof"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(tmp_path, capsys, arguments, sentence):
    """And the exit code is 2."""
    file, repo = tmp_path / "scorecard.json", tmp_path / "repo"
    file.write_text('{"kind": "scorecard"}')
    repo.mkdir()
    repository(repo, RIGHT, RIGHT)
    if "--impl" in arguments:
        (repo / "README").write_text("changed")
    assert main([*(str(file) if part == "FILE" else part for part in arguments), "--repo", str(repo)]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert not re.search("[0-9a-f]{12}", said)


@pytest.mark.parametrize("given", [["--impl", "impl"], ["--impl", "numpy"], ["--impl", "../mine.py"]])
def test_what_is_not_of_the_repository_is_not_gated(tmp_path, monkeypatch, capsys, given):
    """Both sides would be the same: they would pass, and nothing of the repository would have been timed."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "new").touch()
    monkeypatch.chdir(repository(tmp_path, RIGHT) / "folder")
    assert main(["v0", "--only", "memory", *given]) == 2
    (_, name) = given
    sentence = (
        f"--impl {name} is not in the repository {tmp_path}: name a file or module of it, as in --impl solvers.py."
    )
    assert sentence in capsys.readouterr().err


def test_a_run_in_which_no_case_can_be_run_does_not_pass(tmp_path, capsys):
    """The file offers another function than the case is about."""
    repo = repository(tmp_path, RIGHT, RIGHT + "\n")
    assert main(["v0", "--repo", str(repo), "--impl", "mine.py", "-k", "ridge-small"]) == 2
    assert "No case can be run on both sides. ridge-small, in v0 and the working tree: not " in capsys.readouterr().err


def test_a_folder_without_a_commit_has_nothing_to_compare_with(tmp_path):
    """As after git init, or in a copy without .git."""
    with pytest.raises(checkouts.Unusable, match="is no git repository with a commit"):
        checkouts.revision(tmp_path, None)
    git(tmp_path, "init", "--quiet")
    for name in (None, "v0"):
        with pytest.raises(checkouts.Unusable, match="is no git repository with a commit"):
            checkouts.revision(tmp_path, name)
    (tmp_path / ".git" / "HEAD").write_text("nothing")
    with pytest.raises(checkouts.Unusable, match="git refuses the repository"):
        checkouts.revision(tmp_path, "v0")


@pytest.mark.parametrize(
    "arguments",
    [
        ["HEAD", "--threshold", "none"],
        ["HEAD", "--budget", "0"],
        ["HEAD", "--json", "/no/such/folder/x"],
        ["--prove", "0"],
    ],
)
def test_a_command_line_that_makes_no_sense_says_how_to_say_it_right(capsys, arguments):
    """And the exit code is 2, as that of any wrong command line."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "shrinkage gate: " in capsys.readouterr().err


def test_a_corrupt_account_is_refused(tmp_path, capsys):
    """Half a file is no JSON."""
    file = tmp_path / "proof.json"
    file.write_text('{"kind": "proof", "runs": [')
    assert main(["--prove", "1", "--json", str(file)]) == 2
    assert "cannot be read as JSON" in capsys.readouterr().err
