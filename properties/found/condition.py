"""Least squares and ridge regression of libraries as they come: digits, from a condition of 100 to one of 1e12.

``python -m shrinkage.properties.found.condition`` measures the libraries that are installed. The calls are those of
`released.toml`, at the libraries' own defaults. Each is given five problems of 20 samples and 5 features with singular
values from 1 down to 1/κ in equal ratios; y is Xw, rounded, so that no residual is in the way. For ridge regression λ
is the square of the smallest singular value, so that its condition is κ/√2. The answer is exact, in rationals; what is
told are the digits that ‖w − exact‖/‖exact‖ leaves, of the worst of the five.
"""

import argparse
import functools
import json
import math
import sys
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage.cli import quietly

CONDITIONS = (1e2, 1e4, 1e8, 1e12)
N, D, PROBLEMS = 20, 5, 5
ASKED = {"lstsq": "Least squares", "ridge": "Ridge regression"}
PROMISED = "what theory promises of a stable method"


def problem(kappa: float, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """X, y and λ."""
    rng = np.random.default_rng(seed)
    U, V = (np.linalg.qr(rng.standard_normal((rows, D)))[0] for rows in (N, D))
    X = (U * np.geomspace(1, 1 / kappa, D)) @ V.T
    return X, X @ V.sum(axis=1), kappa**-2.0


def digits(error: Any, size: Any) -> float:
    """How many of them an error of this size leaves, from 0 to the 16 that float64 has."""
    relative = float(error / size)
    return round(min(16.0, max(0.0, -math.log10(relative))), 1) if relative > 0 else 16.0 if relative == 0 else 0.0


def lost(reached: float, promised: float) -> bool:
    """Whether these digits are less than half of what theory promises."""
    return reached < promised / 2


@functools.cache
def released() -> dict[str, Any]:
    """Libraries with their calls, and why some of those are lost."""
    return tomllib.loads(Path(__file__).with_name("released.toml").read_text(encoding="utf-8"))


def reasons() -> dict[tuple[str, str], str]:
    """Of what is asked for and each call, why that loses digits, in a sentence; empty where it should not."""
    said = {"": "", **released()["reasons"]}
    return {
        (name, call): said[why]
        for library in released()["library"]
        for name in ASKED
        for call, why in library.get(name, {}).items()
    }


def measured(conditions: Sequence[float] = CONDITIONS) -> list[list[Any]]:
    """Of each call: what was asked for, the library, its version, the call, and the digits at each condition."""
    from shrinkage.properties.engine import bounds, oracles

    exact = {"lstsq": lambda X, y, lam: oracles.lstsq(X, y), "ridge": oracles.ridge}
    allowed = {"lstsq": lambda X, y, lam, w: bounds.orthogonal(X, y, 0.0, w), "ridge": bounds.RIDGE["ridge"]}
    problems = {
        (name, kappa): [(p, exact[name](*p)) for p in (problem(kappa, seed) for seed in range(PROBLEMS))]
        for name in ASKED
        for kappa in conditions
    }
    rows: list[list[Any]] = []
    for name in ASKED:
        promised = [
            min(digits(allowed[name](*p, w).allowed, bounds.norm(w)) for p, w in problems[name, kappa])
            for kappa in conditions
        ]
        rows.append([name, "", "", PROMISED, promised])
    names: dict[str, Any] = {"np": np, "n": N, "d": D}
    for library in released()["library"]:
        try:
            of = version(library["name"]).partition("+")[0]  # as of torch, which says what it was built for
        except PackageNotFoundError:
            continue
        exec(library["imports"], names)
        for name in ASKED:
            for call in library.get(name, {}):
                found = [min(_digits(call, names, *each) for each in problems[name, kappa]) for kappa in conditions]
                rows.append([name, library["name"], of, call, found])
    return rows


def _digits(call: str, names: dict[str, Any], given: tuple[np.ndarray, np.ndarray, float], exact: Any) -> float:
    """Of one answer; none where there is no answer."""
    from shrinkage.properties.engine import bounds, oracles

    X, y, lam = given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            got = np.asarray(eval(call, {**names, "X": X.copy(), "y": y.copy(), "lam": lam}), float)
        except Exception:
            return 0.0
    if got.shape != exact.shape or not np.isfinite(got).all():
        return 0.0
    return digits(bounds.norm(oracles.rationals(got) - exact), bounds.norm(exact))


def tables(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """In Markdown, one for each thing that is asked for; bold is what has less than half of what theory promises."""
    because = reasons()
    for name, title in ASKED.items():
        here = [row for row in rows if row[0] == name]
        promised = here[0][-1]  # which is the first row
        yield f"\n### {title}\n"
        yield "| | call | " + " | ".join(f"κ = {kappa:.0e}" for kappa in CONDITIONS) + " | why |"
        yield "|---|---|" + "---:|" * len(CONDITIONS) + "---|"
        for _, library, of, call, found in here:
            cells = [
                f"**{reached:.1f}**" if lost(reached, least) else f"{reached:.1f}"
                for reached, least in zip(found, promised, strict=True)
            ]
            said = f"`{call}`" if library else call
            yield f"| {library} {of} | {said} | " + " | ".join([*cells, because.get((name, call), "")]) + " |"
    yield ""


def main() -> None:
    """Print the tables, or their rows as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.properties.found.condition", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args()
    rows = measured()
    if options.json:
        print("[\n" + ",\n".join(f" {json.dumps(row, ensure_ascii=False)}" for row in rows) + "\n]")
    else:
        print("\n".join(tables(rows)))


if __name__ == "__main__":
    sys.exit(quietly(main))
