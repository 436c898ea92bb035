"""The contract as data, against the code: names, arguments and defaults."""

import importlib
import inspect
from typing import Any

import numpy as np
import pytest

import shrinkage as compiled
from shrinkage._kernels.validation import F64, packed
from shrinkage.contract import CHAPTERS, CONTRACT, Kind, describe, stub
from shrinkage.peers import numpy as textbook
from shrinkage.properties.engine.example_calls import EXAMPLES, call, given, others, same
from shrinkage.properties.engine.malformed_inputs import admitted

pytestmark = pytest.mark.interface


STUBS: dict[str, Any] = {}
exec(stub(), STUBS)
OFFERED = [
    *(pytest.param(compiled, name, id=f"{name}-impl") for name in CONTRACT),
    *(pytest.param(textbook, name, id=f"{name}-numpy") for name in CONTRACT if hasattr(textbook, name)),
]


@pytest.mark.parametrize(("implementation", "name"), OFFERED)
def test_signatures_are_those_of_the_contract(implementation, name):
    """Every function is there, with the contract's arguments in the contract's order and with its defaults."""
    expected, actual = (inspect.signature(function) for function in (STUBS[name], getattr(implementation, name)))
    assert [(p.name, p.default) for p in actual.parameters.values()] == [
        (p.name, p.default) for p in expected.parameters.values()
    ]


def test_the_textbook_offers_what_it_did():
    """A new function need not be in the textbook; what is in it stays."""
    assert sum(hasattr(textbook, name) for name in CONTRACT) >= 59


@pytest.mark.parametrize("name", CONTRACT)
def test_a_stub_says_what_to_write_and_does_nothing(name):
    """Its docstring is the entry: formula, arguments, shape, errors; and methods are there to fill in."""
    function, document = CONTRACT[name], inspect.getdoc(STUBS[name])
    assert describe(name).startswith(function.signature)
    assert document == inspect.cleandoc(describe(name).split("\n", 1)[1])
    for text in (function.value, function.shape, *(f"{a.name}: {a.description}" for a in function.arguments)):
        assert text in document
    methods = [getattr(STUBS[name], method.split("(")[0]) for method in function.methods]
    for unwritten in methods or [STUBS[name]]:
        with pytest.raises(NotImplementedError):
            unwritten(*[None] * len(inspect.signature(unwritten).parameters))
    exec(stub([name]), {})


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_as_the_contract_has_it(name):
    """Shapes are admitted, no value is one that has to be refused, matrices are of the rank that is asked for."""
    ranks = {Kind.FULL_COLUMN_RANK: 1, Kind.FULL_ROW_RANK: 0}
    for argument in given(CONTRACT[name]):
        value = EXAMPLES[name][argument.name]
        assert admitted(name, argument.name, np.shape(value))
        assert argument.kind not in (Kind.NOT_NEGATIVE, Kind.POSITIVE) or np.all(value >= 0)
        assert argument.kind is not Kind.POSITIVE or np.all(value > 0)
        if argument.kind in ranks:
            assert np.linalg.matrix_rank(value) == value.shape[ranks[argument.kind]]


def test_the_surface_is_the_contract():
    """What the modules of `impl` make public, written out in each, is the contract: nothing is missing or beside it."""
    modules = {function.module for function in CONTRACT.values()}
    public = [name for module in modules for name in importlib.import_module(f"shrinkage.{module}").__all__]
    assert sorted(public) == sorted(compiled.__all__) == sorted(CONTRACT)


LINE = np.stack([np.ones(10_000), np.arange(10_000)], axis=1).astype(np.float32)


def test_a_direction_that_is_dropped_far_above_rounding_is_warned_of():
    """Where the default rcond is past what rounding explains, lstsq, ridge at λ = 0 and pinv say so; min_norm refuses.

    Nobody is warned of what is singular, of few rows and columns, nor whoever says rcond.
    """
    y = np.full(10_000, 2020, np.float32)
    for each in (lambda: compiled.lstsq(LINE, y), lambda: compiled.pinv(LINE.T), lambda: compiled.ridge(LINE, y, 0)):
        with pytest.warns(np.exceptions.RankWarning, match="1 of the singular values of X count as zero"):
            each()
    with pytest.raises(ValueError, match="rank"):
        compiled.min_norm(LINE.T, np.ones(2, np.float32))
    w = compiled.lstsq(LINE, y, 1e-6)
    np.testing.assert_allclose(w, [2020, 0], atol=0.02)
    compiled.lstsq(LINE.astype(float), y.astype(float))
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        low = (rng.standard_normal((400, 3)) @ rng.standard_normal((3, 300))).astype(dtype)
        compiled.lstsq(low, low[:, 0])
        compiled.pinv(low)
        few = np.diag([1, 60 * np.finfo(dtype).eps]).astype(dtype)
        compiled.lstsq(np.pad(few, (0, 58)), np.ones(60, dtype))


def test_refine_is_true_false_or_none():
    """Anything else is refused in a sentence; where X has not full rank, True changes nothing."""
    with pytest.raises(TypeError, match="refine must be True, False or None, not 'yes'"):
        compiled.lstsq(LINE, LINE[:, 1], None, "yes")  # type: ignore[arg-type]  # on purpose
    low = np.outer(np.arange(1.0, 5), np.arange(1.0, 4))
    np.testing.assert_array_equal(compiled.lstsq(low, low, refine=True), compiled.lstsq(low, low, refine=False))


def test_what_is_read_only_is_handed_on_and_never_written_to(tmp_path):
    """Of files that are open to be read only: who wrote into such memory would end the process."""
    X = in_a_file(tmp_path / "X", np.ones((3, 2)))
    given_on = packed(np.asarray(X), np.float64)
    assert given_on.flags.carray
    assert given_on.dtype is F64
    assert np.shares_memory(given_on, X)
    for name in EXAMPLES:
        for arguments in (EXAMPLES[name], *others(name)):
            held = {k: in_a_file(tmp_path / k, v) if np.ndim(v) else v for k, v in arguments.items()}
            assert same(call(compiled, name, held), call(compiled, name, arguments)), name


def in_a_file(path, value):
    """The array in the memory of a file that is open to be read only."""
    path.unlink(missing_ok=True)
    np.asarray(value).tofile(path)
    return np.memmap(path, value.dtype, "r", shape=value.shape)


@pytest.mark.parametrize("name", CONTRACT)
def test_every_function_is_described(name):
    """Each has a chapter, a value and a shape on one line, and a docstring in `impl` that opens with a formula."""
    function = CONTRACT[name]
    assert function.chapter in CHAPTERS
    for text in (function.value, function.shape):
        assert text
        assert "\n" not in text
    assert (getattr(compiled, name).__doc__ or "").strip()
