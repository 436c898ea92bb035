"""What the README says is what there is."""

import json
import re
from typing import Any

from shrinkage.benchmarks.gate.decide import LOOKS, SCREENING, Rule
from shrinkage.benchmarks.gate.rounds import BLOCKS, SAMPLE, WARM
from shrinkage.benchmarks.report.readme import (
    ERRORS,
    ERRORS_START,
    FUNCTIONS_START,
    PROOF,
    PROOF_START,
    README,
    errors,
    functions,
    proof,
    together,
    with_table,
)
from shrinkage.contract import CONTRACT
from shrinkage.peers import peers

TEXT = README.read_text(encoding="utf-8")


def test_the_table_of_functions_is_that_of_the_contract() -> None:
    """After a change to the contract: python -m shrinkage.benchmarks.report.readme."""
    assert with_table(TEXT, FUNCTIONS_START, functions()) == TEXT
    for name in CONTRACT:
        assert f"`{name}(" in TEXT


def test_the_two_commands_are_printed_one_a_line() -> None:
    """The checks in .ci/run find them by how they begin, and run them as they are printed."""
    assert len(re.findall(r"^python3 -m venv .* && \.venv/bin/pytest.*$", TEXT, re.MULTILINE)) == 2


def test_the_table_of_the_gates_proof_is_that_of_the_stored_runs() -> None:
    """And they are of the rule as it is now; after new runs: python -m shrinkage.benchmarks.report.readme."""
    assert with_table(TEXT, PROOF_START, proof()) == TEXT
    stored = json.loads(PROOF.read_text(encoding="utf-8"))
    assert (stored["threshold"], stored["alpha"]) == (Rule().threshold, Rule().alpha)
    assert (stored["screening"], tuple(stored["looks"])) == (SCREENING, LOOKS)
    assert stored["sampling"] == {"warm": list(WARM), "sample": SAMPLE, "blocks": BLOCKS}


def test_every_peer_is_named() -> None:
    """`--impl NAME` takes these short names."""
    assert peers()
    for name in peers():
        assert f"`{name}`" in TEXT


def test_the_table_of_errors_is_that_of_the_stored_answers() -> None:
    """After new runs: python -m shrinkage.benchmarks.report.readme SCORECARD ...; of the versions as stored."""
    cards = json.loads(ERRORS.read_text(encoding="utf-8"))["cards"]
    assert with_table(TEXT, ERRORS_START, errors(cards)) == TEXT
    assert together(cards) == cards
    assert {card["implementation"] for card in cards} == {"impl", *peers()}
    for card in cards:
        assert not any(row["failed"] for row in card["functions"].values())


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
