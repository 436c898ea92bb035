"""What the README says is what there is."""

import re

from benchmarks.readme import README, with_table
from impl.choose import peers
from impl.contract import CONTRACT

TEXT = README.read_text(encoding="utf-8")


def test_the_table_of_functions_is_that_of_the_contract() -> None:
    """After a change to the contract: python -m benchmarks.readme."""
    assert with_table(TEXT) == TEXT
    for name in CONTRACT:
        assert f"`{name}(" in TEXT


def test_the_two_commands_are_printed_one_a_line() -> None:
    """The checks in .ci/run find them by how they begin, and run them as they are printed."""
    assert len(re.findall(r"^python3 -m venv .* && \.venv/bin/pytest.*$", TEXT, re.MULTILINE)) == 2


def test_every_peer_is_named() -> None:
    """`--impl NAME` takes these short names."""
    assert peers()
    for name in peers():
        assert f"`{name}`" in TEXT
