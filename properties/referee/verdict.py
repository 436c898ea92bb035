"""Whether one answer is right, and what a wrong one is that is known."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import arithmetic
from .bench import BAIT
from .device import NUMBER, Array, leaves, real
from .problems import Problem

FEW = 64  # roundings: of the largest entry so many are told
Yard = list[tuple[np.ndarray, np.ndarray]]
Earlier = list[tuple[Problem, list[Array]]]

# What a cheat is called; a finding of one kind is told once.
SAYS = {
    "memory": "hands back memory that it has not written: whatever was there before, such as the reference's answer",
    "input": "hands back its input",
    "earlier": "hands back the answer to an earlier input",
    "part": "computes a part of the batch only",
    "precision": "computes in lower precision than its dtype",
    "late": "goes on with its work after it has handed the answer back",
    "over": "writes over an answer that it has handed back before",
    "shape": "is right for the shape that it was made for, and wrong for others",
    "range": "is right for integers like those that it was given, and wrong for larger ones",
    "layout": "is right for arrays that are contiguous, and wrong for the same numbers where they are not",
    "calls": "changes its answer with the number of calls",
    "patched": "changes how it is timed, compared or given its numbers",
    "changed": "writes into its input",
    "shares": "hands back memory of its input",
    "lazy": "hands back what is no array: it may be computed when it is looked at",
    "raises": "raises an error where the reference answers",
    "gone": "does not return where the reference answers",
    "dtype": "answers in another dtype",
    "form": "answers in another shape",
    "kind": "answers in another form",
    "special": "departs where there is NaN or infinity",
    "value": "is wrong",
}
# Why an answer is wrong.
NAMED = {"memory", "input", "earlier", "part", "precision", "late", "layout", "shape", "range", "calls"}
ANYHOW = NAMED | {"value", "part", "kind"}  # whose answers are wrong without a NaN, too


@dataclass(frozen=True, eq=False)
class Wrong:
    """A wrong answer.

    Parameters
    ----------
    kind
        A key of `SAYS`.
    more
        The rest of the sentence.
    got, right
        One entry that shows it.
    where
        That entry, or another part of the answer, as code that follows it.
    before
        The problem before, where it takes two.
    like
        The shape and dtype of memory that was free before, where it takes that.
    """

    kind: str
    more: str = ""
    got: str = ""
    right: str = ""
    where: str = ""
    before: Problem | None = None
    like: tuple[tuple[int, ...], str] | None = None


def ratios(got: Array, value: np.ndarray, allowed: np.ndarray, own: Array, dtype: str) -> np.ndarray:
    """Error over what is allowed, entry by entry; infinite for a NaN or an infinity that is out of place.

    Where the reference itself, in this dtype, leaves the range or makes a NaN that float64 does not, nothing is judged.
    A complex number is infinite or NaN as a whole, which of its parts is so hangs on the way there (C23, annex G).
    """
    with np.errstate(all="ignore"):
        found, theirs = got.parts.astype(float), own.parts.astype(float)
        most = arithmetic.largest(dtype) if value.dtype.kind == "f" else math.inf
        right = np.where(abs(value) > most, np.copysign(np.inf, value), value.astype(float))
        error = np.where(found == right, 0, abs(found - right))
        ratio = np.where(error == 0, 0, error / allowed)
        kinds = [np.isnan(each) + 2 * np.isposinf(each) + 3 * np.isneginf(each) for each in (found, right, theirs)]
        if got.values.dtype.kind == "c":
            kinds = [np.broadcast_to((each > 0).any(axis=-1, keepdims=True), each.shape) for each in kinds]
        same = kinds[0] == kinds[1]
        ratio = np.where(same & (kinds[1] > 0), 0, np.where(same, ratio, np.inf))
        edge = (abs(value) + allowed >= most) & (np.isinf(found) | (abs(found) + allowed >= most))
        return np.where((kinds[1] != kinds[2]) | edge | np.isinf(allowed), 0, ratio)


def wrong_form(got: list[Array], own: list[Array]) -> Wrong | None:
    """Another number of results, another shape, or real numbers for complex ones."""
    shapes = [[each.values.shape for each in part] for part in (got, own)]
    single = [len(each) for each in shapes] == [1, 1]
    if shapes[0] != shapes[1]:
        return Wrong("form", "", _shapes(shapes[0]), _shapes(shapes[1]), ".shape" * single)
    pairs = [(a.dtype, b.dtype) for a, b in zip(got, own, strict=True) if a.parts.ndim != b.parts.ndim]
    return Wrong("dtype", "", *pairs[0], ".dtype" * single) if pairs else None


def unfit(ours: dict[str, Any], theirs: dict[str, Any], adapted: bool) -> Wrong | None:
    """What is no answer of that kind: no array, no container where one is expected, or one with other keys.

    Parameters
    ----------
    ours, theirs
        What the bench tells of both answers.
    adapted
        Whether an adapter is between, and the form its own.
    """
    gives, right = ours.get("unfit") or ours["form"], theirs["form"]
    if "unfit" not in ours:
        keys = [" and ".join(key for key, _, _ in each["forms"] if key) for each in (ours, theirs)]
        single = [each["forms"] == [["", each["form"], ""]] for each in (ours, theirs)]
        if adapted or (keys[0] == keys[1] and single[0] == single[1]):
            return None
        if gives == right:
            gives, right = keys
    return Wrong("kind", f"it gives {gives} where the reference gives {right}")


def _shapes(shapes: list[Any]) -> str:
    return " and ".join(map(str, shapes)) or "nothing"


def worst(got: list[Array], yard: Yard, own: list[Array], dtype: str) -> tuple[float, list[np.ndarray]]:
    """The largest ratio, and all of them."""
    found = [ratios(g, *expected, o, dtype) for g, expected, o in zip(got, yard, own, strict=True)]
    return max((float(each.max(initial=0)) for each in found), default=0.0), found


def beyond(got: list[Array], yard: Yard) -> bool:
    """Whether it has another answer where float64 has not the range for the reference's formula."""
    pairs = [(g.parts.astype(float), value, allowed) for g, (value, allowed) in zip(got, yard, strict=True)]
    return any((~np.isfinite(v) & np.isinf(a) & (g != v) & ~(np.isnan(g) & np.isnan(v))).any() for g, v, a in pairs)


def widened(yard: Yard, own: list[Array], dtype: str) -> tuple[Yard, float]:
    """What is allowed where the reference itself exceeds it: twice its own error over it."""
    excess, found = worst(own, yard, own, dtype)
    if excess <= 1:
        return yard, 0.0
    finite = max((float(each[np.isfinite(each)].max(initial=0)) for each in found), default=0.0)
    wide = [
        (value, np.where(np.isinf(each), np.inf, max(2 * finite, 1) * allowed))
        for (value, allowed), each in zip(yard, found, strict=True)
    ]
    return wide, excess


def called(
    got: list[Array], paths: list[str], given: list[Any], found: list[np.ndarray], yard: Yard, earlier: Earlier
) -> Wrong:
    """A wrong answer by its name; the paths are those of its results."""
    which = next(i for i, each in enumerate(found) if each.max(initial=0) > 1)
    result, ratio, (value, allowed) = got[which], found[which], yard[which]
    at = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    wrong = ratio > 1
    pair = {"got": result.parts[at], "right": value[at]}
    shown: dict[str, Any] = {key: _number(each, real(result.dtype)) for key, each in pair.items()}
    at, part = (at[:-1], (".real", ".imag")[at[-1]]) if result.values.dtype.kind == "c" else (at, "")
    shown["where"] = paths[which] + (f"[{', '.join(map(str, at))}]" if at else "") + part
    here = f"in entry {tuple(map(int, at))}, " if at else ""
    most = ratio.max()
    counted = value.dtype.kind == "f" and math.isfinite(most)  # else nothing but the right one is allowed
    size = f"{here}the error is {most:.2g} × what is allowed" if counted else here.rstrip(", ")
    if counted:  # of what is stable by norm it is few, however small this entry is: an FFT's, Strassen's product
        size += _roundings(abs(pair["got"] - pair["right"]), value, real(result.dtype))
    arrays = [each for each in leaves(given) if isinstance(each, Array)]
    if not all(np.isfinite(each.values).all() for each in arrays):
        return Wrong("special", here.rstrip(", "), **shown)
    if np.count_nonzero(result.parts == BAIT) * 2 > np.count_nonzero(wrong):
        return Wrong("memory", **shown, like=(result.values.shape, result.dtype))
    if len(arrays) == 1 and result.values.shape[:1] > (1,) and _is(result, arrays[0]):
        return Wrong("input", **shown)  # of several, the others may have been left out
    for problem, before in earlier:
        known = len(before) == len(got) and _is(result, before[which]) and not _multiple(given, problem.given)
        if known and 4 * wrong.sum() > wrong.size > 1:
            return Wrong("earlier", **shown, before=problem)
    batch = value.ndim and any(each.values.shape[:1] == value.shape[:1] for each in arrays)
    if batch and (done := _done(result.parts, np.where(np.isfinite(allowed), value, 0), wrong)):
        return Wrong("part", f"{done} of {len(value)} rows", **shown)
    return Wrong("value", size, **shown)


def _roundings(error: float, value: np.ndarray, dtype: str) -> str:
    """Beside the largest entry, if it is little."""
    largest = float(np.max(abs(value), where=np.isfinite(value), initial=0))
    found = error / largest / arithmetic.UNITS[dtype] if largest and dtype in arithmetic.UNITS else math.inf
    return f", and {found:.2g} roundings of the largest entry" if found < FEW else ""


def _done(result: np.ndarray, value: np.ndarray, wrong: np.ndarray) -> int:
    """After how many rows, all right, nothing is computed: each is a copy of one before, or off by half of itself."""
    got, right, rows = (each.reshape(len(wrong), -1).astype(float) for each in (result, value, wrong))
    done = int(np.argmax(rows.any(axis=1)))
    if done < max(len(rows) // 4, 1) or not right[:done].any(axis=1).all():  # zeros are there anyhow, or not judged
        return 0
    before = {row.tobytes() for row in got[:done]}
    told = got.shape[1] == 1 or (got[done:] != got[done:, :1]).any(axis=1)  # one number all along may be chance
    copied = [row.tobytes() in before for row in got[done:]] & np.asarray(told)
    with np.errstate(all="ignore"):
        far = 2 * np.linalg.norm(got[done:] - right[done:], axis=1) >= np.linalg.norm(right[done:], axis=1)
    missing = rows[done:].any(axis=1) & np.isfinite(got[done:]).all(axis=1) & (copied | far)
    return done if missing.mean() > 0.9 else 0


def _is(result: Array, array: Array) -> bool:
    """Whether it is the same, and nothing that many ways lead to, as zeros and NaN."""
    other = array.values
    return np.array_equal(result.values, other) and bool((other != other.flat[:1]).any())


def _multiple(given: list[Any], before: list[Any]) -> bool:
    """Whether one is the other times a number, of which a function without an ε has the same answer."""
    pairs = [(a, b) for a, b in zip(leaves(given), leaves(before), strict=False) if isinstance(a, Array)]
    with np.errstate(all="ignore"):
        found = [np.unique(a.parts / b.parts) for a, b in pairs if a.values.shape == b.values.shape]
    return len(found) == len(pairs) and all(each[~np.isnan(each)].size <= 1 for each in found)


def _number(value: Any, dtype: str = "") -> str:
    digits = {"float64": 17, "float16": 5, "bfloat16": 4}.get(dtype, 9)
    return f"{float(value):.{digits}g}" if np.asarray(value).dtype.kind == "f" else str(value)


def wrong_dtype(got: list[Array], paths: list[str], own: list[Array], dtype: str) -> Wrong | None:
    """Another dtype than the reference's, and rather one that is not that of the input; a plain number has none."""
    pairs = [(each.dtype, theirs.dtype, path) for each, theirs, path in zip(got, own, paths, strict=True)]
    found = [Wrong("dtype", "", a, b, f"{path}.dtype") for a, b, path in pairs if a != b and NUMBER not in (a, b)]
    return max(found, key=lambda each: each.got != dtype, default=None)
