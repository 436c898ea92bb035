"""Many commits, each gated against the last one before it that runs."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from shrinkage.benchmarks.gate.command import main
from shrinkage.benchmarks.gate.revisions import history
from shrinkage.benchmarks.gate.revisions.checkouts import Unusable, revision
from shrinkage.benchmarks.selftest.gate.test_origins import commit
from shrinkage.benchmarks.selftest.test_page import Text, a_gate, html


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Of five commits, v0 to v4."""
    for i in range(5):
        commit(tmp_path / "repo", f"v{i}", {"README": f"{i}"})
    return tmp_path / "repo"


def test_a_history_marks_the_commit_that_made_it_slower(repository, monkeypatch, capsys):
    """What passed is no change; the budget is shared out, and one that is too small is said to be."""
    asked = []

    def run(options, say):
        asked.append((options.base, options.head, options.budget))
        ratio, verdict = [(1.01, "pass"), (1.5, "regression"), (1.2, "inconclusive")][len(asked) - 1]
        row = {"case": "test_x", "ratio": ratio, "verdict": verdict}
        sides = {"base": {"commit": options.base}, "head": {"commit": options.head}}
        reasons = ["test_x takes 1.5"] * (verdict == "regression")
        return {**sides, "verdict": verdict, "reasons": reasons, "time": [row]}

    monkeypatch.setattr(history, "run", run)
    given = ["--repo", str(repository), "--history"]
    assert main([*given, "v0..v3", "--budget", "5min"]) == 1
    said = capsys.readouterr().out
    assert [head for _, head, _ in asked][:-1] == [base for base, _, _ in asked][1:]
    assert {budget for *_, budget in asked} == {100.0}
    assert f"| {asked[1][1][:9]} | regression | test_x takes 1.5 |" in said
    assert "; a change point in bold, what is not decided with ?:" in said
    assert "| test_x | 1.00 | **1.50** | 1.80? |" in said
    for span, sentence in (
        ("v0..v3", "give 2min or more"),
        ("v0..", "4 commits"),
        ("v0..no", "has no revision 'no'"),
        ("v7..", "has no revision 'v7'"),
        ("v3..v0", "from v3 on there are none before v0"),
        ("v0", "give the first and the last"),
        ("v1..v1", "both are the same"),
    ):
        assert main([*given, span, "--budget", "20s"]) == 2
        assert sentence in " ".join(capsys.readouterr().err.split())
    with pytest.raises(SystemExit):
        main([*given, "v0..v3", "v1"])
    assert "--history v0..v3 says which commits are gated: leave v1 out" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("broken", "bases"), [((2,), "0113"), ((2, 3), "0111"), ((1,), "0023"), ((0,), "0023"), ((4,), "0123")]
)
def test_a_history_goes_on_from_the_last_commit_that_runs(repository, monkeypatch, capsys, broken, bases):
    """What became worse after a broken commit is found, and it is said what it was compared with."""
    names = [revision(repository, f"v{i}").commit for i in range(5)]
    asked = []

    def run(options, say):
        asked.append(str(names.index(options.base)))
        if {options.base, options.head} & {names[i] for i in broken}:
            raise Unusable("it cannot be built")
        sides = {"base": {"commit": options.base}, "head": {"commit": options.head}}
        of_memory_alone = {"verdict": "regression", "time": [], "memory": [{"name": "test_x", "verdict": "regression"}]}
        return {**sides, "reasons": [], **of_memory_alone}

    monkeypatch.setattr(history, "run", run)
    main(["--repo", str(repository), "--history", "v0..v4"])
    assert "".join(asked) == bases
    said = capsys.readouterr().out
    for i, base in enumerate(bases, 1):
        line = next(line for line in said.splitlines() if line.startswith(f"| {names[i][:9]} "))
        assert (f"compared with {names[int(base)][:9]}" in line) == (int(base) != i - 1)


def test_a_history_that_is_interrupted_keeps_what_it_found(repository, tmp_path, monkeypatch, capsys):
    """Hours of it, perhaps; before anything was found, there is nothing to be kept."""
    left: list[str] = []

    def run(options, say):
        if not left:
            raise KeyboardInterrupt
        sides = {"base": {"commit": options.base}, "head": {"commit": options.head}}
        return {**sides, "verdict": left.pop(), "reasons": [], "time": []}

    monkeypatch.setattr(history, "run", run)
    out = tmp_path / "h.json"
    given = ["--repo", str(repository), "--history", "v0..v3", "--json", str(out)]
    assert main(given) == 2
    assert "interrupted: nothing is left behind" in capsys.readouterr().err
    assert not out.exists()
    for verdicts, code in ((["pass", "pass"], 2), (["regression", "pass"], 1)):
        left.extend(verdicts)
        assert main(given) == code
        assert "interrupted after 2 commits" in capsys.readouterr().err
        assert [each["verdict"] for each in json.loads(out.read_text())] == verdicts[::-1]


def test_a_history_is_drawn_with_its_change_points(tmp_path: Path) -> None:
    """Of any repository, and then of nothing else: a step a commit, a marker where it is slower, hollow in doubt."""
    commits = [{"name": letter, "commit": 40 * letter} for letter in "abcde"]
    sides = [{"base": base, "head": head} for base, head in pairwise(commits)]
    broken = {"verdict": "unusable", "reasons": ["it cannot be installed"], "notes": [], "time": []}
    results = [a_gate("pass", reasons=[]), a_gate(), broken, a_gate("inconclusive")]
    document = html(tmp_path, history=[result | side for result, side in zip(results, sides, strict=True)])
    text = Text(document)
    slower, doubt = 9 * "c", 9 * "e"
    said = [attributes["aria-label"] for tag, attributes in text.tags if tag == "svg" and "aria-label" in attributes]
    assert said == [
        f"Time of ridge-large over that at aaaaaaaaa: {slower}: 1.20 times, slower; {doubt}: 1.44 times, not decided.",
        "Time of ridge-small over that at aaaaaaaaa: no change was found.",
    ]
    markers = [attributes.get("class") for tag, attributes in text.tags if tag == "use"]
    assert markers == [None, "hollow"]
    line, flat = re.findall(r'<g class="curve"><path d="(M[^"]*)"', document)
    drawn = re.fullmatch(r"M62.0 ([\d.]+)H[\d.]+V([\d.]+)H[\d.]+V([\d.]+)M[\d.]+ ([\d.]+)h0", line)
    assert drawn, "as it was, slower, and after a commit without a time in doubt: " + line
    first, second, slow, slower_still = map(float, drawn.groups())
    assert first == second > slow > slower_still
    assert {*re.findall(r"(?<=V)[\d.]+|(?<= )[\d.]+", flat)} == {drawn[1]}
    assert "it cannot be installed" in text.text
    assert "4 commits, each against the last before it that runs; 1 of them worse." in text.text
    assert "was given" not in text.text
    assert "How right" not in text.text
