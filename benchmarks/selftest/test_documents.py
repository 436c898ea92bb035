"""What the documents say is what there is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import shrinkage
from shrinkage import streaming
from shrinkage.benchmarks.gate.decide import LOOKS, SCREENING, Rule
from shrinkage.benchmarks.gate.rounds import PLACES, SAMPLE, WARM
from shrinkage.benchmarks.measure.memory import TALL
from shrinkage.benchmarks.report.readme import (
    CLAIMS,
    CONDITION,
    CONDITION_START,
    CONTRACT_LIST,
    CONTRIBUTING,
    DIGITS_START,
    DOCUMENTS,
    ERRORS,
    ERRORS_START,
    FAULTS_FOUND,
    FOUND_START,
    FUNCTIONS_START,
    GATING,
    HUNTS,
    LARGER_START,
    MEASURED,
    MEMORY,
    MEMORY_START,
    MISTAKES_START,
    PACKAGES_START,
    PEERS_START,
    PROOF,
    PROOF_START,
    README,
    ROOT,
    TIMINGS,
    WORST_START,
    conditions,
    digits,
    errors,
    found,
    functions,
    hunted,
    known_peers,
    larger_data,
    memory,
    mistakes,
    packages,
    packages_in_all,
    proof,
    together,
    with_table,
)
from shrinkage.contract import CONTRACT
from shrinkage.peers import peers
from shrinkage.properties import worst
from shrinkage.properties.found import FAULTS, condition
from shrinkage.properties.test_nist import SETS

TEXT = {document: document.read_text(encoding="utf-8") for document in DOCUMENTS}


def test_the_table_of_functions_is_that_of_the_contract() -> None:
    """After a change to the contract: python -m shrinkage.benchmarks.report.readme."""
    assert with_table(TEXT[CONTRACT_LIST], FUNCTIONS_START, functions()) == TEXT[CONTRACT_LIST]
    for name in CONTRACT:
        assert f"`{name}(" in TEXT[CONTRACT_LIST]


def test_the_two_commands_are_printed_one_a_line() -> None:
    """The checks in .ci/run find them by how they begin, and run them as they are printed."""
    assert len(re.findall(r"^python3 -m venv .* && \.venv/bin/pytest.*$", TEXT[README], re.MULTILINE)) == 2


@pytest.mark.power
def test_the_readmes_file_is_larger_than_the_memory_that_there_is(tmp_path: Path) -> None:
    """Under `ulimit -v` its code reads a file that is larger than that, and has the w and b of its rows."""
    parquet, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    (code,) = re.findall(r"```python\n(import dask\.dataframe\n.*?)```", TEXT[README], re.DOTALL)
    rng, d, rows, kilobytes = np.random.default_rng(5), 24, 40_000, 1_000_000
    names, state = [f"x{j}" for j in range(d)], streaming.start(d, intercept=True)
    with parquet.ParquetWriter(
        tmp_path / "trips.parquet", pa.schema([(n, pa.float64()) for n in (*names, "fare")])
    ) as out:
        for _ in range(1 + 1024 * kilobytes // (8 * (d + 1) * rows)):
            X = rng.random((rows, d))
            y = X @ np.arange(d) + rng.standard_normal(rows)
            out.write_table(pa.table(dict(zip([*names, "fare"], [*X.T, y], strict=True))), rows)
            state = streaming.update(state, X, y)
    assert (tmp_path / "trips.parquet").stat().st_size > 1024 * kilobytes
    told = f'ulimit -v {kilobytes} && exec {sys.executable} -c "$CODE"'
    program = f"import dask\ndask.config.set(num_workers=2)\n{code}\nprint(json.dumps([lams[errors.argmin()], *w, b]))"
    # A thread of its own has 64 MB of addresses of its own, whatever it uses of them.
    few = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    few["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    run = subprocess.run(
        ["bash", "-c", told],
        env=os.environ | {"CODE": f"import json\n{program}"} | few,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    lam, *answer = json.loads(run.stdout)
    w, b = state.ridge_intercept(lam)
    assert np.allclose(answer, [*w, b], rtol=1e-9)  # of a well-conditioned problem, over other blocks


def test_the_readme_is_read_in_a_minute() -> None:
    """What is longer has a document of its own."""
    assert TEXT[README].count("\n") <= 200


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """To files and pictures of this repository, and to headings in them."""
    links = re.findall(r"\]\((?!https://)([^)]+)\)", _prose(document))
    assert links
    for link in links:
        path, _, heading = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not heading or heading in _headings(_prose(target)), link


def _prose(document: Path) -> str:
    """Without what is shown of code and of screens."""
    return re.sub(r"^```.*?^```$", "", TEXT[document], flags=re.MULTILINE | re.DOTALL)


def _headings(text: str) -> set[str]:
    """The names that GitHub gives them."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_the_picture_of_the_house_has_every_folder() -> None:
    """And nothing that is not there."""
    (picture,) = re.findall(r"^```text\n(impl/.*?)^```", TEXT[CONTRIBUTING], re.MULTILINE | re.DOTALL)
    drawn, inside = set(), ""
    for line in picture.splitlines():
        for name in re.split(r"\s{2,}", line.strip())[0].split():
            inside = inside if line.startswith(" ") else name
            path = ROOT / (inside if name == inside else f"{inside}{name}")
            assert list(path.parent.glob(path.name)), path
            drawn |= {path} if path.is_dir() else set()
    skipped = {"__pycache__", "examples", "results"}
    for top in ("impl", "properties", "benchmarks"):
        for path in (ROOT / top, *(ROOT / top).iterdir()):
            left = {entry.name for entry in path.iterdir()} <= {"__pycache__"} if path.is_dir() else True  # by a move
            assert left or path.name in skipped or path in drawn, path


def test_the_citation_is_of_this_version() -> None:
    """The version has one place, `shrinkage.__version__`."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (str(cited["version"]), cited["license"]) == (shrinkage.__version__, "BSD-3-Clause")


def test_the_table_of_the_gates_proof_is_that_of_the_stored_runs() -> None:
    """And they are of the rule as it is now; after new runs: python -m shrinkage.benchmarks.report.readme."""
    assert with_table(TEXT[GATING], PROOF_START, proof()) == TEXT[GATING]
    assert with_table(TEXT[GATING], PACKAGES_START, packages()) == TEXT[GATING]
    assert with_table(TEXT[TIMINGS], PACKAGES_START, packages_in_all()) == TEXT[TIMINGS]
    stored = json.loads(PROOF.read_text(encoding="utf-8"))
    assert (stored["threshold"], stored["alpha"]) == (Rule().threshold, Rule().alpha)
    assert (stored["screening"], tuple(stored["looks"])) == (SCREENING, LOOKS)
    assert stored["sampling"] == {"warm": list(WARM), "sample": SAMPLE, "places": PLACES}


def test_the_table_of_memory_is_that_of_the_stored_run() -> None:
    """After a new one: python -m shrinkage.benchmarks.report.readme. It is of a file of 2 GB, too."""
    assert with_table(TEXT[MEASURED], MEMORY_START, memory()) == TEXT[MEASURED]
    assert with_table(TEXT[MEASURED], LARGER_START, larger_data()) == TEXT[MEASURED]
    sizes = {sizes for _, sizes, *_ in json.loads(MEMORY.read_text(encoding="utf-8"))}
    assert sizes >= {f"n={n:,}, d={d:,}" for n, d in TALL}


def test_the_table_of_what_was_found_is_that_of_the_faults() -> None:
    """After a change to them: python -m shrinkage.benchmarks.report.readme."""
    assert with_table(TEXT[FAULTS_FOUND], FOUND_START, found()) == TEXT[FAULTS_FOUND]
    new = sum(not fault.known for fault in FAULTS.values())
    counts = f"found [{len(FAULTS)} faults](properties/found/README.md), {new} of which"
    assert counts in TEXT[README]


def test_the_page_of_conditions_is_that_of_the_stored_run() -> None:
    """Which is of every call that there is; after a new one: python -m shrinkage.benchmarks.report.readme."""
    assert with_table(TEXT[FAULTS_FOUND], CONDITION_START, conditions()) == TEXT[FAULTS_FOUND]
    told = [(row[0], row[3]) for row in json.loads(CONDITION.read_text(encoding="utf-8")) if row[1]]
    assert told == list(condition.reasons())


def test_every_mistake_that_is_recognised_is_named() -> None:
    """After a change to a table of them: python -m shrinkage.benchmarks.report.readme."""
    assert with_table(TEXT[CLAIMS], MISTAKES_START, mistakes()) == TEXT[CLAIMS]


def test_every_peer_is_named() -> None:
    """`--impl NAME` takes these short names."""
    assert peers()
    assert with_table(TEXT[CLAIMS], PEERS_START, known_peers()) == TEXT[CLAIMS]
    for name in peers():
        assert f"| `{name}` |" in TEXT[CLAIMS]


def test_the_table_of_errors_is_that_of_the_stored_answers() -> None:
    """After new runs: python -m shrinkage.benchmarks.report.readme SCORECARD ...; of the versions as stored."""
    cards = json.loads(ERRORS.read_text(encoding="utf-8"))["cards"]
    assert with_table(TEXT[CLAIMS], ERRORS_START, errors(cards)) == TEXT[CLAIMS]
    assert together(cards) == cards
    assert {card["implementation"] for card in cards} == {"impl", *peers()}
    for card in cards:
        assert not any(row["failed"] for row in card["functions"].values())


def test_the_table_of_worst_cases_is_that_of_the_registry() -> None:
    """After a hunt: python -m shrinkage.benchmarks.report.readme; of impl it has every function with an error."""
    assert with_table(TEXT[HUNTS], WORST_START, hunted()) == TEXT[HUNTS]
    assert {entry.function for entry in worst.read("impl").values()} == {*CONTRACT}


def test_the_table_of_digits_is_that_of_the_stored_ones() -> None:
    """After new runs: python -m shrinkage.benchmarks.report.readme SCORECARD ..."""
    cards = json.loads(ERRORS.read_text(encoding="utf-8"))["cards"]
    assert with_table(TEXT[CLAIMS], DIGITS_START, digits(cards)) == TEXT[CLAIMS]
    assert {*SETS} <= {*cards[0]["digits"]["lstsq"]}


ROW = {"held": 3, "failed": 0, "departed": 0, "not offered": 0, "judged": 100, "worst": 0.25}
CARD: dict[str, Any] = {
    "implementation": "numpy",
    "examples": 100,
    "versions": {"numpy": "2.4"},
    "functions": {
        "ridge": ROW,
        "lstsq": ROW | {"departed": 1},
        "pinv": ROW | {"failed": 1, "worst": None},
        "adam": ROW | {"held": 0, "judged": 0, "not offered": 3},
        "elbow": ROW | {"judged": 10_000, "worst": 0.0},
    },
}


def test_the_table_of_errors_has_every_function() -> None:
    """A column for each implementation: the worst ratio, and what departs, fails, and is not offered."""
    table = "\n".join(errors(together([CARD])))
    assert "`numpy` 2.4" in table
    for name, cell in {"ridge": "0.25", "lstsq": "0.25 †", "pinv": "**∞**", "adam": "–", "elbow": "0"}.items():
        assert f"| `{name}` | {cell} |" in table
    for name in CONTRACT:
        assert f"| `{name}` |" in table


def test_runs_are_taken_together() -> None:
    """Of several of one implementation the worst counts, and answers add up; again when that is stored."""
    more = {**CARD, "examples": 5000, "functions": {"ridge": ROW | {"worst": 0.5}, "lstsq": ROW | {"worst": 0.1}}}
    for cards in ([CARD, more], [*together([CARD]), more]):
        table = "\n".join(errors(together(cards)))
        assert "| `ridge` | 0.5 |" in table
        assert "| `lstsq` | 0.25 † |" in table
        assert "at most 5,000 examples a claim," in table
        assert "`numpy` 2 runs, 100 of `pinv`, 200 of `ridge`, 200 of `lstsq`, 10,000 or more of each other." in table


def test_of_another_version_nothing_is_kept() -> None:
    """What an older one did says nothing of the new one."""
    (card,) = together([CARD, {**CARD, "versions": {"numpy": "2.5"}, "functions": {"ridge": ROW | {"worst": 0.1}}}])
    assert (card["versions"], card["runs"], list(card["functions"])) == ({"numpy": "2.5"}, 1, ["ridge"])
    assert card["functions"]["ridge"]["worst"] == 0.1
