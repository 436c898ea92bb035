"""What two processes share is on each side as it would be in one; what makes no sense is refused."""

import json
from typing import Any

import numpy as np
import pytest

from shrinkage.properties.engine.strategies import LAYOUTS
from shrinkage.properties.isolated.mirror import Foreign, Mirror, Opaque, Unreadable

pytestmark = pytest.mark.power


def unasked(*request: Any) -> Any:
    """No objects are spoken of in these."""
    raise AssertionError(request)


class Pair:
    """The judge's side and the other one, in one process."""

    def __init__(self) -> None:
        self.judge, self.child = Mirror(judge=True, ask=unasked), Mirror(judge=False, ask=unasked)

    def to_child(self, value: Any) -> Any:
        """What the other side gets."""
        message, pieces = self.judge.encode(value, alone=True)
        return self.child.decode(json.loads(json.dumps(message)), pieces)

    def to_judge(self, value: Any) -> Any:
        """What the judge gets."""
        message, pieces = self.child.encode(value, alone=True)
        return self.judge.decode(json.loads(json.dumps(message)), pieces)


@pytest.fixture
def pair() -> Pair:
    """Two sides that share nothing yet."""
    return Pair()


ARRAY = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, bool, complex, "U3"])
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "nested lists"])
def test_an_array_keeps_its_layout(pair, layout, dtype):
    """Values, dtype, byte order, strides, alignment and flags arrive as they were."""
    given = LAYOUTS[layout](ARRAY.astype(dtype))
    got = pair.to_child(given)
    np.testing.assert_array_equal(got, given)
    assert (got.dtype, got.strides) == (given.dtype, given.strides)
    for flag in ("ALIGNED", "WRITEABLE", "C_CONTIGUOUS", "F_CONTIGUOUS"):
        assert got.flags[flag] == given.flags[flag], flag


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 10**30, 0.1, float("nan"), float("inf"), -0.0, "x\ud800", 2 + 1j, (), ((1,), "a")],
    ids=repr,
)
def test_a_value_is_the_same_on_both_sides(pair, value):
    """Python's numbers, text and tuples come back as they went, of the same types."""
    for sent in (pair.to_child, pair.to_judge):
        got = sent(value)
        assert type(got) is type(value)
        assert repr(got) == repr(value)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int8, np.bool_, np.complex128, np.str_])
def test_a_numpy_scalar_stays_one(pair, kind):
    """It is no Python number, and no array."""
    got = pair.to_judge(kind(1))
    assert type(got) is kind
    assert got == kind(1)


def test_what_is_written_to_an_argument_comes_back(pair):
    """Into arrays of any layout, dicts and lists, and only what was written."""
    array, config, kept = LAYOUTS["strided"](ARRAY), {"rate": 0.5, "v": np.zeros(2), "old": 1}, [1, 2]
    velocity = config["v"]
    got_array, got_config, got_kept = pair.to_child((array, config, kept))
    got_array[0, 0, 0] = 7
    got_config["rate"] = 0.25
    got_config["v"][1] = 3
    del got_config["old"]
    got_kept.append(3)
    pair.to_judge(None)
    assert array[0, 0, 0] == 7
    np.testing.assert_array_equal(array.ravel()[1:], ARRAY.ravel()[1:])
    assert config == {"rate": 0.25, "v": velocity}
    assert config["v"] is velocity
    np.testing.assert_array_equal(velocity, [0, 3])
    assert kept == [1, 2, 3]


def test_an_argument_that_comes_back_is_the_argument(pair):
    """The same dict and list; of an array, the same memory, and a view of it is a view of it."""
    x, config, kept = ARRAY.copy(), {"a": 1}, [1]
    got = pair.to_child((x, config, kept))
    back, tail, config_back, kept_back, copied = pair.to_judge((got[0], got[0][1:, ::-1], got[1], got[2], got[0] + 0))
    assert np.shares_memory(back, x)
    assert np.shares_memory(tail, x)
    np.testing.assert_array_equal(tail, x[1:, ::-1])
    assert not np.shares_memory(copied, x)
    assert config_back is config
    assert kept_back is kept


def test_a_buffer_that_is_used_again_changes_what_was_handed_out(pair):
    """As long as the other side holds on to it."""
    buffer, fresh = np.zeros(3), np.zeros(3)
    first, own = pair.to_judge((buffer, fresh))
    del fresh
    buffer[:] = 5
    second = pair.to_judge(buffer[1:])
    np.testing.assert_array_equal(first, [5, 5, 5])
    np.testing.assert_array_equal(own, [0, 0, 0])
    assert np.shares_memory(first, second)


def test_what_nobody_else_holds_is_forgotten(pair):
    """After a few calls there is nothing left to be compared, whatever went to and fro."""
    for _ in range(5):
        got = pair.to_child((ARRAY.copy(), {"a": [ARRAY.copy()]}))
        pair.to_judge((got[0] + 1, {"b": np.zeros(2)}))
        del got
    pair.to_child(None)
    pair.to_judge(None)
    pair.to_child(None)
    assert (len(pair.judge._shared), len(pair.child._shared)) == (0, 0)


def test_of_two_threads_messages_either_may_be_read_first(pair):
    """Each has all that it speaks of in it, and both speak of the same memory and the same dict."""
    x, config = ARRAY.copy(), {"rate": 0.5, "inner": {}}
    first, second = (pair.judge.encode(value, alone=False) for value in ((x, config, config), (config, x[1:])))
    got_config, got_tail = pair.child.decode(*second)
    got_x, again, once_more = pair.child.decode(*first)
    assert got_config is again is once_more
    assert got_config == config
    assert np.shares_memory(got_x, got_tail)
    np.testing.assert_array_equal(got_x, x)


def test_an_object_stays_where_it_is(pair):
    """The other side gets a `Foreign`, which is the object again where it belongs; it is kept as long as that."""
    cache = object()
    got = pair.to_judge(Opaque(cache, "<the cache>"))
    assert isinstance(got, Foreign)
    assert repr(got) == "<the cache>"
    assert pair.to_child(got) is cache
    del got
    pair.to_child(None)
    assert pair.child._kept == {}


def test_only_the_judge_is_unpickled(pair):
    """Types and dtypes go to the other side by pickle; what comes from there in that way is refused."""
    assert pair.to_child((np.float32, np.dtype(">f4"))) == (np.float32, np.dtype(">f4"))
    message, pieces = pair.judge.encode(np.float32, alone=True)
    with pytest.raises(Unreadable, match="kind pickle"):
        pair.judge.decode(message, pieces)


def says(value: Any, memory: Any = (), pieces: Any = ()) -> tuple[dict[str, Any], list[bytes]]:
    """A message by hand."""
    return {"value": value, "memory": [*memory], "changes": [], "gone": [], "released": []}, [*pieces]


def of_sixteen_bytes(*array: Any) -> tuple[dict[str, Any], list[bytes]]:
    """An array in a memory of so many."""
    return says({"array": [2, *array]}, [[2, 16, 0, True]], [bytes(16)])


@pytest.mark.parametrize(
    ("message", "pieces"),
    [
        of_sixteen_bytes("<f8", [3], [8], 0, True),
        of_sixteen_bytes("<f8", [2], [16], 0, True),
        of_sixteen_bytes("<f8", [2], [8], 8, True),
        of_sixteen_bytes("<f8", [2], [8], -8, True),
        of_sixteen_bytes("<f8", [2], [-8], 0, True),
        of_sixteen_bytes("<f8", [2**40], [0], 0, True),
        of_sixteen_bytes("<f8", [-2], [8], 0, True),
        of_sixteen_bytes("|O", [2], [8], 0, True),
        of_sixteen_bytes("<f8,<O8", [1], [16], 0, True),
        says({"array": [4, "<f8", [1], [8], 0, True]}),
        says(None, [[2, 16, 0, True]], [bytes(8)]),
        says({"same": 7}),
        says({"yours": 7}),
        says([1]),
        says({"dict": [2, [[[1], 2]]]}),
        says({"dict": [2, [[{"list": [4, []]}, 2]]]}),
        says({"scalar": ["<f8", "00"]}),
        says({"objects": [[3], [1]]}),
        says({"pickle": "gASVBAAAAAAAAABLAS4="}),
        ({"value": None}, []),
        (7, []),
    ],
)
def test_what_does_not_add_up_is_refused(pair, message, pieces):
    """Arrays that reach beyond their memory, objects by their addresses, numbers of nothing: none becomes a value."""
    with pytest.raises(Unreadable):
        pair.judge.decode(message, pieces)


def test_what_is_read_only_cannot_be_written_to_from_over_there(pair):
    """Not even by whoever makes it writeable there."""
    given = LAYOUTS["read-only"](ARRAY)
    got = pair.to_child(given)
    got.flags.writeable = True
    got += 1
    with pytest.raises(Unreadable, match="read-only"):
        pair.to_judge(None)
    np.testing.assert_array_equal(given, ARRAY)
