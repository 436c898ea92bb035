"""What is to be said of a module beside its verdict: what it has that looks like a function of the contract, and isn't.

A function looks like one of the contract by its name, or by its arguments: ``fit(X, y, alpha)`` like ``ridge``.
"""

import difflib
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ..contract import CONTRACT, Function
from .offered import is_borrowed, is_unwritten, offers

# What people call the arguments of the contract, and its functions.
ARGUMENTS = {
    "X": "A Phi phi M x x_train design features data inputs",
    "A": "M X matrix",
    "x": "inputs input z v vector",
    "y": "b t target targets y_train rhs labels",
    "lam": "alpha lambda_ lambd lamda lmbda lamb lmb reg l2 l2_reg l2_penalty reg_lambda lambda_reg penalty ridge "
    "regularization regularisation reg_strength weight_decay",
    "lams": "alphas lambdas regs penalties",
    "w": "weights theta beta coef coefs params",
    "s": "sigma sigmas singular_values",
    "rcond": "tol cond rtol",
    "dout": "upstream d_out grad_output grad_out",
    "dw": "grad gradient g",
    "lr": "learning_rate eta step_size step rate",
    "epochs": "n_epochs num_epochs n_iter iterations",
    "config": "cfg state",
}
NAMES = {
    "lstsq": "ols least_squares lsq linreg linear_regression solve_ls",
    "pinv": "pseudoinverse pseudo_inverse",
    "ridge": "fit solve tikhonov ridge_regression ridge_fit fit_ridge solve_ridge",
    "ridge_loo": "loo loocv leave_one_out",
    "ridge_gcv": "gcv",
    "affine_forward": "linear_forward fc_forward dense_forward",
    "affine_backward": "linear_backward fc_backward dense_backward",
    "relu_forward": "relu",
    "softmax_loss": "softmax cross_entropy cross_entropy_loss",
    "svm_loss": "hinge_loss multiclass_hinge_loss",
    "sgd_momentum": "momentum",
    "eval_numerical_gradient": "numerical_gradient",
}
MISSPELT = 0.85  # the same of what is another function's name by mistake
CLOSE = 0.8  # of two names, as difflib counts it
MOST = 3  # that are told


def nothing_offered(parts: Mapping[str, object]) -> str:
    """Why these offer nothing, and what to say instead, in a sentence."""
    name = " + ".join(parts)
    unwritten = [function for part in parts.values() for function in _unwritten(part)]
    if unwritten:
        return f"{name} offers no function yet: fill in {_listed(unwritten)}."
    found = [hint for said, part in parts.items() for hint in (*_alike(part), *_classes(said, part))]
    if found:
        return f"{name} offers no function of the contract, but {'; '.join(found[:MOST])}."
    has = [function for part in parts.values() for function, _ in _own(part)]
    has += [f"{function} from NumPy or SciPy" for part in parts.values() for function in _borrowed(part)]
    there = f" (it has {_listed(has)})" if has else ""
    return f"{name} offers no function of the contract{there}: shrinkage judge --stub prints all there are."


def notes(parts: Mapping[str, object], classes: Mapping[str, object], offered: Collection[str]) -> Iterator[str]:
    """What is not judged of these though one might think so, and what may be misread, each in a sentence."""
    for name, part in parts.items():
        if unwritten := [*_unwritten(part)]:
            yield f"{name} has still to be filled in: {_listed(unwritten)}."
        if borrowed := [*_borrowed(part)]:
            yield f"{name} has {_listed(borrowed)} from NumPy or SciPy, which is not judged."
        yield from (f"In {name}, {hint}." for hint in _otherwise_called(part, offered))
    twice: dict[tuple[str, ...], list[str]] = {}
    for function in CONTRACT:
        both = {**classes, **parts}
        having = {name: getattr(part, function) for name, part in both.items() if offers(part, function)}
        if len({id(made) for made in having.values()}) > 1:
            twice.setdefault((*having,), []).append(function)
    yield from (
        f"Of {first} and {' and '.join(others)}, {first} is who is judged by {_listed(functions)}."
        for (first, *others), functions in twice.items()
    )


def _unwritten(part: object) -> Iterator[str]:
    for name in CONTRACT:
        if callable(function := getattr(part, name, None)) and is_unwritten(name, function):
            yield name


def _borrowed(part: object) -> Iterator[str]:
    for name in CONTRACT:
        if callable(function := getattr(part, name, None)) and is_borrowed(part, function):
            yield name


def _otherwise_called(part: object, offered: Collection[str]) -> Iterator[str]:
    """Functions that are one of the contract but for their spelling, or but for their arguments."""
    for name, function in _own(part):
        if name in CONTRACT and not inspect.isclass(function):
            given, contract = _parameters(function), CONTRACT[name]
            order = _order(given, contract)
            if not _takes(function, len(_needed(contract))):
                yield f"{_called(name, given)} cannot be called as {contract.signature}"
            elif order is not None and order != sorted(order):
                yield f"{_called(name, given)} has its arguments in another order than {contract.signature}"
        for other in CONTRACT:
            alike = name != other and inspect.isclass(function) == bool(CONTRACT[other].methods)
            if alike and other not in offered and _misspelt(name, other):
                yield _hint(name, function, CONTRACT[other])


def _misspelt(name: str, other: str) -> bool:
    """But for case and underscores, or but for a letter or two; a name of the contract is none of another's."""
    one, two = _letters(name), _letters(other)
    close = name not in CONTRACT and difflib.SequenceMatcher(None, one, two).ratio() >= MISSPELT
    return one == two or (close and abs(len(one) - len(two)) <= 1)


def _alike(part: object) -> list[str]:
    """Its functions that are close to one of the contract, the closest first."""
    found = []
    for name, function in _own(part):
        if inspect.isclass(function):
            continue
        given = _parameters(function)
        scores = [(_closeness(name, given, contract), -len(contract.name), contract) for contract in CONTRACT.values()]
        score, _, contract = max(scores, key=lambda each: each[:2])
        if score >= CLOSE:
            found.append((score, _hint(name, function, contract)))
    return [hint for _, hint in sorted(found, key=lambda each: -each[0])]


def _closeness(name: str, given: list[str], contract: Function) -> float:
    """From 0 to 1 by the name; that and more if every argument has its place."""
    known = (contract.name, *NAMES.get(contract.name, "").split())
    ratio = max(_ratio(_letters(name), _letters(each)) for each in known)
    order = _order(given, contract)
    needed = _needed(contract)
    if order is None or len(order) < len(needed):
        # What solves A x = b without a penalty is no ridge regression, whatever it is called like.
        return ratio if contract.name in name or not {"lam", "lams"} & {*needed} or len(given) != 2 else ratio / 2
    # Three arguments or more, the penalty among them, are a signature; X and y, or x, could be anything.
    if ratio < CLOSE:
        return 1.0 if {"lam", "lams"} & {*needed} and len(needed) > 1 else 0.0
    return 1 + ratio


def _ratio(name: str, known: str) -> float:
    """As difflib counts it; close enough where the one is in the other as it is."""
    within = CLOSE * (len(known) > 3 and known in name)
    return max(within, difflib.SequenceMatcher(None, name, known).ratio())


def _hint(name: str, function: Callable[..., Any], contract: Function) -> str:
    """``fit(X, y, alpha) looks like ridge: add --as 'ridge=fit(X, y, alpha=lam)'``."""
    if inspect.isclass(function):
        return f"{name} looks like {contract.name}: add --as {contract.name}={name}"
    given = _parameters(function)
    order = _order(given, contract, guess=True)
    if order is None:
        return f"{_called(name, given)} looks like {contract.signature}: add --as '{contract.name}={name}(...)'"
    names = [contract.names[place] for place in order]
    there = (own if own == theirs else f"{own}={theirs}" for own, theirs in zip(given, names, strict=False))
    call = _called(name, [*there]) if names != [*contract.names[: len(names)]] or given[: len(names)] != names else ""
    return f"{_called(name, given)} looks like {contract.name}: add --as '{contract.name}={call or name}'"


def _order(given: list[str], contract: Function, guess: bool = False) -> list[int] | None:
    """For each argument of a function the place of the contract's that it is; None where one has none.

    The last of each that is left is taken for the other, if there is to be a guess.
    """
    places: list[int | None] = []
    for own in given:
        fits = [
            place
            for place, argument in enumerate(contract.names)
            if place not in places
            and (_letters(own) == _letters(argument) or own.lower() in ARGUMENTS.get(argument, "").lower().split())
        ]
        places.append(next((place for place in fits if contract.names[place] == own), fits[0] if fits else None))
    left = [place for place in range(len(_needed(contract))) if place not in places]
    if guess and places.count(None) == len(left) == 1:
        places[places.index(None)] = left[0]
    found = [place for place in places if place is not None]
    return found if len(found) == len(places) else None


def _needed(contract: Function) -> list[str]:
    return [argument.name for argument in contract.arguments if not argument.default]


def _classes(said: str, part: object) -> Iterator[str]:
    for name, made in _own(part):
        has = [method for method in ("fit", "predict") if callable(getattr(made, method, None))]
        if inspect.isclass(made) and "fit" in has:
            yield f"{name} has {' and '.join(has)}: judge it by --estimator {said}:{name}"


def _own(part: object) -> list[tuple[str, Callable[..., Any]]]:
    """What a module defines and shows: not what it imports from elsewhere."""
    root = str(getattr(part, "__name__", "")).partition(".")[0]
    return [
        (name, made)
        for name, made in vars(part).items()
        if callable(made)
        and not name.startswith("_")
        and str(getattr(made, "__module__", "")).partition(".")[0] == root
    ]


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Names of the arguments that have to be given, or might be."""
    try:
        given = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of what is compiled elsewhere
        return []
    return [each.name for each in given if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]


def _takes(function: Callable[..., Any], arguments: int) -> bool:
    """Whether it can be called with so many, by their places."""
    try:
        inspect.signature(function).bind(*[None] * arguments)
    except ValueError:  # of what is compiled elsewhere
        return True
    except TypeError:
        return False
    return True


def _called(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})"


def _letters(name: str) -> str:
    return name.lower().replace("_", "")


def _listed(names: list[str]) -> str:
    rest = len(names) - 6
    return ", ".join(names) if rest <= 1 else f"{', '.join(names[:6])} and {rest} more"
