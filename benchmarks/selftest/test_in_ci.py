"""The workflows, the action and its scripts: what decides over a check, and that nobody's text becomes a command."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from shrinkage.benchmarks.gate import command
from shrinkage.benchmarks.report.readme import GATING, ROOT
from shrinkage.peers import peers
from shrinkage.properties.found import FAULTS
from shrinkage.properties.report.summary import lines

ACTION, GATE_ACTION = (ROOT / ".github" / "actions" / name for name in ("judge", "gate"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def loaded(path: Path) -> Any:
    """The file's content; `on` is a word here, not YAML 1.1's true."""
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def steps(content: Any) -> list[dict[str, Any]]:
    """Of an action or of all jobs of a workflow."""
    jobs = [content["runs"]] if "runs" in content else content["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def program(folder: Path, name: str, text: str) -> None:
    """An executable that stands in for another one."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def run(command: list[str], workspace: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script as a runner calls it; programs in the workspace's bin come before this Python's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "GITHUB_"))}
    runner = {
        "PATH": os.pathsep.join([str(workspace / "bin"), str(Path(sys.executable).parent), kept.get("PATH", "")]),
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STEP_SUMMARY": str(workspace / "summary.md"),
        "GITHUB_OUTPUT": str(workspace / "output"),
    }
    return subprocess.run(
        command, cwd=workspace, env=kept | runner | environment, capture_output=True, text=True, timeout=300
    )


# ---- the files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, ACTION / "action.yml", GATE_ACTION / "action.yml"], ids=lambda path: path.parent.name
)
def test_nothing_from_outside_becomes_part_of_a_command(path: Path) -> None:
    """A branch may be called $(anything): what is not fixed comes as environment."""
    scripts = [step["run"] for step in steps(loaded(path)) if "run" in step]
    assert scripts
    # The matrix is written in the file itself.
    assert [script for script in scripts if "${{" in script.replace("${{ matrix.", "")] == []


def test_only_the_comment_may_be_written_and_by_a_job_without_the_code() -> None:
    """The job that runs the pull request's code can read and no more; the one that can write checks nothing out."""
    gate = loaded(ROOT / ".github" / "workflows" / "gate.yml")
    assert gate["permissions"] == {}
    assert gate["jobs"]["gate"]["permissions"] == {"contents": "read"}
    assert gate["jobs"]["comment"]["permissions"] == {"pull-requests": "write"}
    assert "head.repo.full_name == github.repository" in gate["jobs"]["comment"]["if"]
    used = [step.get("uses", "").split("@")[0] for step in gate["jobs"]["comment"]["steps"]]
    assert used == ["actions/download-artifact", ""]


def test_a_release_is_published_by_a_job_that_builds_nothing_and_after_the_wheel_was_judged() -> None:
    """Only that job can speak for the project at the index; what judges has nothing but the wheel."""
    release = loaded(ROOT / ".github" / "workflows" / "release.yml")
    jobs = release["jobs"]
    assert release["permissions"] == {"contents": "read"}
    assert [name for name, job in jobs.items() if "permissions" in job] == ["publish"]
    assert (jobs["judge"]["needs"], jobs["publish"]["needs"]) == ("build", "judge")
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    uses = {name: [step.get("uses", "").split("@")[0] for step in job["steps"]] for name, job in jobs.items()}
    assert uses["publish"] == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    assert "actions/checkout" not in uses["judge"]
    ci = loaded(ROOT / ".github" / "workflows" / "ci.yml")
    assert jobs["judge"]["strategy"]["matrix"] == ci["jobs"]["run"]["strategy"]["matrix"]


def test_every_peer_is_judged_and_every_library_with_a_fault_is_installed() -> None:
    """Once a week: a departure that is not run goes stale, and a release may mend a fault. NumPy is in every run."""
    jobs = loaded(ROOT / ".github" / "workflows" / "peers.yml")["jobs"]
    assert {*jobs["claims"]["strategy"]["matrix"]["library"], "numpy"} == {*peers()}
    (install,) = (run for step in jobs["faults"]["steps"] if (run := step.get("run", "")).startswith("pip"))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    brought = {
        re.split(r"\W", each.replace("-", "_"))[0] for each in (*extras["dev"], *extras["peers"], *install.split())
    }
    assert {fault.library.replace("-", "_") for fault in FAULTS.values()} <= brought | {"numpy", "scipy"}


@pytest.mark.parametrize("folder", [ACTION, GATE_ACTION], ids=lambda folder: folder.name)
def test_the_actions_hand_on_every_input(folder: Path) -> None:
    """None is there for show, and none is used that is not there."""
    action = loaded(folder / "action.yml")
    used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(action["runs"])))
    assert used == set(action["inputs"])
    for step in steps(action):
        if script := re.search(r"\$GITHUB_ACTION_PATH/(\S+\.sh)", step.get("run", "")):
            path = folder / script[1]
            text = path.read_text(encoding="utf-8")
            assert [name for name in step["env"] if f"${name}" not in text and f"${{{name}" not in text] == []
            assert os.access(path, os.X_OK)


def test_the_workflows_to_paste_have_inputs_that_the_actions_take() -> None:
    """The workflows in there can be pasted."""
    shown = re.findall(r"^```yaml\n(.*?)^```", GATING.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    found = [step for text in shown for step in steps(yaml.load(text, yaml.BaseLoader))]
    ours = [step for step in found if "/shrinkage/" in step.get("uses", "")]
    paths = [ROOT / step["uses"].split("/shrinkage/")[1].split("@")[0] for step in ours]
    assert paths == [ACTION, GATE_ACTION]
    for step, path in zip(ours, paths, strict=True):
        inputs = loaded(path / "action.yml")["inputs"]
        assert set(step["with"]) <= set(inputs)
        assert {name for name, given in inputs.items() if given.get("required") == "true"} <= set(step["with"])


# ---- judging ---------------------------------------------------------------------------------------------------------

JUDGED = """
def squared_norm(x):
    return sum((v * v for v in x), x.dtype.type(0)) * x.dtype.type({factor})
"""


@pytest.mark.parametrize(("factor", "code"), [(1, 0), (2, 1)], ids=["right", "wrong"])
def test_judging_fails_with_a_wrong_implementation(tmp_path: Path, factor: int, code: int) -> None:
    """The scorecard is where it was asked for, and the run's page says how it came out."""
    (tmp_path / "mine.py").write_text(JUDGED.format(factor=factor), encoding="utf-8")
    asked = {"MARKS": "mathematics", "PROFILE": "quick", "SCORECARD": "card.json", "ACCURACY": ""}
    done = run([str(ACTION / "judge.sh")], tmp_path, IMPLEMENTATION="mine.py\n", **asked)
    assert done.returncode == code, done.stdout + done.stderr
    card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert (card["exit"], card["profile"], card["implementation"]) == (code, "quick", "mine.py")
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"scorecard={tmp_path / 'card.json'}\n"
    page = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert page.startswith(f"## `mine.py`: {'not ' * code}every claim held\n")
    assert "| `squared_norm` |" in page
    assert ("**squared_norm(x) is ‖x‖².**" in page) == bool(code)


def test_judging_nothing_is_an_error(tmp_path: Path) -> None:
    """Without a name, pytest would judge this repository's own implementation."""
    done = run([str(ACTION / "judge.sh")], tmp_path, IMPLEMENTATION="\n  \n", SCORECARD="card.json")
    assert done.returncode == 4
    assert "::error" in done.stdout
    assert "'implementation' names nothing" in done.stdout


def test_the_page_shows_one_failure_of_each_claim() -> None:
    """The rest is counted; a message cannot end the block that it stands in."""
    failed = {"outcome": "failed", "claim": "It is\n right.", "message": "off\n```\n# by 2"}
    row = {"held": 0, "failed": 2, "departed": 0, "not offered": 0, "judged": 3, "worst": None}
    card = {
        "implementation": "/home/me/a.py + b",
        "exit": 1,
        "examples": 100,
        "accuracy": 1e-6,
        "functions": {"ridge": row, "lstsq": row | {"failed": 0, "not offered": 1}},
        "claims": [failed | {"id": "one"}, failed | {"id": "two"}, {"outcome": "held"}],
    }
    page = "\n".join(lines(card))
    assert page.startswith("## `a.py + b`: not every claim held")
    assert "Of 3 claims, tried on at most 100 examples each: 1 held, 2 failed, 0 departed, 0 not offered." in page
    assert "1e-06" in page
    assert "| `ridge` | 0 | **2** | 0 | ∞ |" in page
    assert "lstsq" not in page
    assert "**It is right.**\n\n`one` and 1 more like it\n\n    off\n    ```\n    # by 2" in page


# ---- gating ----------------------------------------------------------------------------------------------------------

GATE = f"""#!{sys.executable}
import json, os, sys
assert sys.argv[1] == "gate"
print(json.dumps(sys.argv[2:]))
given = dict(option.split("=", 1) for option in sys.argv[2:] if option.startswith("--"))
if os.environ["VERDICT"]:
    open(given["--json"], "w").write(os.environ["VERDICT"])
    open(given["--markdown"], "w").write("the report")
sys.exit(int(os.environ["CODE"]))
"""


def gated(workspace: Path, code: int, verdict: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script, where the gate comes back with this."""
    program(workspace / "bin", "shrinkage", GATE)
    stored = json.dumps({"verdict": verdict}) if verdict.isalpha() else verdict
    return run([str(GATE_ACTION / "gate.sh")], workspace, BASE="HEAD^1", CODE=str(code), VERDICT=stored, **environment)


@pytest.mark.parametrize(
    ("code", "verdict", "setting", "ends", "said"),
    [
        (0, "pass", "warn", 0, ""),
        (1, "regression", "warn", 1, "::error title=gate::This change makes something worse"),
        (2, "inconclusive", "warn", 0, "::warning title=gate::The gate could not decide"),
        (2, "inconclusive", "fail", 2, "::error title=gate::The gate could not decide"),
        (2, "", "warn", 2, "::error title=gate::The gate broke down"),  # argparse, say
        (2, "{", "warn", 2, "::error title=gate::The gate broke down"),
        (2, "pass", "warn", 2, "::error title=gate::The gate broke down"),
        (2, "unusable", "warn", 2, "::error title=gate::The gate broke down"),
        (0, "regression", "warn", 1, "::error title=gate::The gate broke down"),
        (0, "", "warn", 1, "::error title=gate::The gate broke down"),
        (1, "", "warn", 1, "::error title=gate::The gate broke down"),  # an exception of Python's
        (137, "", "warn", 137, "::error title=gate::The gate broke down"),
    ],
)
def test_only_a_pass_passes_and_only_a_noisy_machine_is_forgiven(
    tmp_path: Path, code: int, verdict: str, setting: str, ends: int, said: str
) -> None:
    """What is left of an earlier run has no say."""
    (tmp_path / "gate.json").write_text('{"verdict": "pass"}', encoding="utf-8")
    (tmp_path / "gate.md").write_text("an older report", encoding="utf-8")
    done = gated(tmp_path, code, verdict, INCONCLUSIVE=setting)
    assert done.returncode == ends, done.stdout + done.stderr
    assert said in done.stdout
    assert ("::" in done.stdout) == bool(said)
    page = tmp_path / "summary.md"
    assert (page.read_text(encoding="utf-8") if page.exists() else "") == ("the report" if verdict else "")


def test_the_workspace_is_what_is_gated(tmp_path: Path) -> None:
    """By an implementation in it, or by its own benchmarks; each value is one argument, whatever is in it."""
    arguments = json.loads(gated(tmp_path, 0, "pass", IMPLEMENTATION="a.py\n b.c \n").stdout.splitlines()[0])
    files = [f"--json={tmp_path / 'gate.json'}", f"--markdown={tmp_path / 'gate.md'}"]
    assert arguments == ["HEAD^1", "HEAD", *files, "--impl=a.py", "--impl=b.c"]
    output = (tmp_path / "output").read_text(encoding="utf-8")
    assert output == f"verdict=pass\nreport={tmp_path / 'gate.md'}\n"
    chosen = {"TESTS": "bench\nmore tests\n", "SELECT": "a or b", "BUILD": "make $(x)", "BUDGET": "5min", "MARKS": ""}
    done = gated(tmp_path, 0, "pass", **chosen, THRESHOLD="3%")
    more = ["--tests=bench", "--tests=more tests", "-k=a or b", "--build=make $(x)", "--threshold=3%", "--budget=5min"]
    assert json.loads(done.stdout.splitlines()[0]) == ["HEAD^1", "HEAD", *files, *more]
    assert command.parser().parse_args(["HEAD^1", "HEAD", *more]).select == ["a or b"]


# ---- the comment -----------------------------------------------------------------------------------------------------

GH = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>calls
case "$*" in *--paginate*) printf '%s' "$FOUND" ;; esac
"""


@pytest.mark.parametrize(
    ("found", "does"),
    [("", "POST repos/o/r/issues/7/comments"), ("12\n34\n", "PATCH repos/o/r/issues/comments/12")],
    ids=["first", "later"],
)
def test_there_is_one_comment_that_is_kept_up_to_date(tmp_path: Path, found: str, does: str) -> None:
    """It is known again by its first line, which nobody sees."""
    gate = loaded(ROOT / ".github" / "workflows" / "gate.yml")
    (script,) = [step["run"] for step in gate["jobs"]["comment"]["steps"] if "run" in step]
    program(tmp_path / "bin", "gh", GH)
    (tmp_path / "gate.md").write_text("the report\n", encoding="utf-8")
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    done = run(shell, tmp_path, REPOSITORY="o/r", NUMBER="7", FOUND=found, GH_TOKEN="none")
    assert done.returncode == 0, done.stderr
    asked, written = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    mark, *text = (tmp_path / "comment.md").read_text(encoding="utf-8").splitlines()
    assert text == ["the report"]
    assert re.fullmatch("<!-- .* -->", mark)
    assert "--paginate repos/o/r/issues/7/comments" in asked
    assert f'startswith("{mark}")' in asked
    assert written == f"api --silent --method {does} -F body=@comment.md"
