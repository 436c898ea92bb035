"""The registry of worst cases: what is stored comes back, the worse of two stays, and no damage is written over."""

import json
import math

import mpmath
import numpy as np
import pytest

from shrinkage.loader import Choice, load
from shrinkage.properties import worst
from shrinkage.properties.engine import verdict
from shrinkage.properties.engine.strategies import Linear
from shrinkage.properties.hunt.ear import Ear
from shrinkage.properties.hunt.hand import Hand
from shrinkage.properties.worst import ENDED, Entry, Store, values

pytestmark = pytest.mark.power


@pytest.mark.parametrize(
    "value",
    [
        1 / 3,
        -0.0,
        [None, True, "x", 3],
        (5e-324, np.float32(0.1), np.float64),
        {"w": np.array([[0.1, -1e308]], order="F"), 3: np.zeros((0, 2))},
        Linear(np.array([[1 / 3]], np.float32), np.array([2.0**-149], np.float32), 1e-300, 1),
        np.array([3, -4], np.int64),
        np.array(0.7),
        frozenset({1, 2}),
        mpmath.mpf(1) / 3,
    ],
    ids=repr,
)
def test_what_is_stored_comes_back_bit_by_bit(value):
    """Through JSON, with every type as it was."""
    again = values.made(json.loads(json.dumps(values.told(value))))
    assert type(again) is type(value)
    assert repr(again) == repr(value)
    assert values.told(again) == values.told(value)


@pytest.mark.parametrize("value", [lambda x: x, np.zeros(values.MANY + 1), object()])
def test_what_has_no_form_is_not_stored(value):
    """It is said, and nothing is made up."""
    with pytest.raises(values.NotStored):
        values.told(value)


def test_an_entry_takes_the_place_of_a_smaller_one_only(tmp_path):
    """In a file in the contract's order; a departure on purpose is another entry."""
    store = Store(str(tmp_path), "some/file.py")
    small, large = Entry("ridge", 0.25, "test_x", {}), Entry("ridge", 0.5, "test_y", {})
    assert store.put(large)
    assert not store.put(small)
    assert not store.put(large)
    assert store.put(Entry("ridge", 7.0, "test_x", {}, departs=True))
    assert store.put(Entry("matvec", float("inf"), "test_z", {}, says="it fails"))
    assert [*store.entries()] == ["matvec", "ridge", "ridge departs"]
    assert store.entries()["ridge"] == large
    assert store.entries()["matvec"].ratio == float("inf")
    assert [file.name for file in tmp_path.iterdir()] == ["some_file.py.jsonl"]


def test_an_input_that_is_known_is_not_lost_to_one_that_is_not(tmp_path):
    """Whatever comes of a hunt that goes on; and what is not small yet is by a shorter call."""
    store = Store(str(tmp_path), "x")
    known = Entry("ridge", math.inf, "test_x", {"x": [1]}, "ridge(X, y, 1.0)", fails=ENDED, says="it hangs")
    unknown = Entry("ridge", math.inf, "test_x", {}, fails=ENDED, says="it hangs", version="x 2")
    store.put(known)
    store.renew(known, unknown)
    assert not store.put(unknown)
    (entry,) = store.entries().values()
    assert (entry.call, entry.drawn, entry.version) == (known.call, known.drawn, "x 2")
    assert store.put(Entry("ridge", math.inf, "test_y", {}, "ridge(X, y, 1)", fails=ENDED))


def test_the_hours_that_were_hunted_add_up_by_version(tmp_path):
    """In the file of the entries, which are not lost by that, nor that by them."""
    store = Store(str(tmp_path), "x")
    for version, hours in (("x 1", 0.5), ("x 2", 1.0), ("x 1", 0.25)):
        store.add_hours(version, hours)
        store.put(Entry("ridge", hours, "test_x", {}))
    assert worst.hours("x", tmp_path) == {"x 1": 0.75, "x 2": 1.0}
    assert store.entries()["ridge"].ratio == 1.0
    assert worst.hours("y", tmp_path) == {}


@pytest.mark.parametrize("name", [name for name in worst.names() if name in ("impl", "numpy")])
def test_every_stored_input_is_one_of_its_claim(name):
    """The claim draws all of it, and it gives an error over bound of the function; `impl` and the textbook hold it."""
    hand = Hand(load(Choice((name,))))
    for entry in worst.read(name).values():
        claim = hand.claims[entry.claim]
        assert entry.function in claim.about, entry.claim
        if entry.drawn:
            again = hand._replayed(claim, entry, dict(entry.drawn), Ear())
            assert again is not None, entry
            assert again.ratio <= 1, entry
    verdict.settle(None, hunting=False)


@pytest.mark.parametrize(
    "line", ['{"half": ', "[]", "{}", '{"function": "ridge", "ratio": 1, "of a later version": 1}']
)
def test_a_line_that_is_no_entry_is_told_by_its_place_and_stays(tmp_path, line):
    """Nothing is written over what somebody may mend, or a later version has written."""
    store = Store(str(tmp_path), "x")
    store.put(Entry("ridge", 0.5, "test_x", {}))
    with (tmp_path / "x.jsonl").open("a") as file:
        file.write(f"{line}\n")
    before = (tmp_path / "x.jsonl").read_text()
    more = Entry("ridge", 0.7, "test_x", {})
    for do in (store.entries, lambda: store.put(more), lambda: store.add_hours("x 1", 1.0)):
        with pytest.raises(worst.Damaged, match=r"x\.jsonl, line 2, is no input of a hunt"):
            do()
    assert (tmp_path / "x.jsonl").read_text() == before
