"""The calls that show a finding, as code that can be pasted where the two files are: what is large is in a third."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.loader.modules import module
from shrinkage.peers import module_of
from shrinkage.properties.engine.account import source_repr

from . import bench
from .device import LAYOUTS, Array, under
from .problems import Problem, Subject
from .verdict import Wrong

FEW = 12  # entries of an array that is written out
PLACED = {"torch": "torch.from_numpy({})", "jax": "jax.numpy.asarray({})"}
COPY = {"torch": "{}.clone()"}
SAME = {"torch": "torch.equal({}, {})"}
SHARED = {"torch": "{}.untyped_storage().data_ptr() == {}.untyped_storage().data_ptr()"}
FULL = {"torch": "torch.full({}, {}, dtype=torch.{})"}
TYPES = ("kind", "lazy")  # of whose findings the type is shown


def lines(
    candidate: str,
    reference: str,
    folder: Path,
    wrong: Wrong,
    subject: Subject,
    problem: Problem,
    state: dict[str, Array],
    calls: int,
) -> list[str]:
    """The code; its arrays, and the model's numbers, are put into the folder.

    Parameters
    ----------
    candidate, reference
        Their names.
    folder
        Where what is large is kept.
    wrong
        What is to be shown.
    subject, problem, state, calls
        As of the finding's call.
    """
    kept: dict[str, np.ndarray] = {}
    model = subject.name in bench.MODELS
    name = subject.name if not model else "model" if subject.library == "torch" else "model.forward"
    shown = _shown(wrong, name, problem, calls, lambda each: _code(each, subject, kept), subject.library)
    shown[-1] += f"  # {problem.what}"
    if model:
        kept |= {key: each.values for key, each in state.items()}
    start = [_imported(candidate, subject.name)]
    made = []
    if model:
        given = hasattr(module(reference), "get_init_inputs")
        start += [_imported(reference, "get_init_inputs")] * given
        if not state:
            made = ["torch.manual_seed(0)" if subject.library == "torch" else "np.random.seed(0)"]
        made.append(f"model = {subject.name}({'*get_init_inputs()' * given})")
    if state:
        numbers = f"{{key: {PLACED['torch'].format('saved[key]')} for key in saved if not key.isdigit()}}"
        made.append(f"model.load_state_dict({numbers})")
    if kept:
        digest = hashlib.sha256(b"".join(key.encode() + each.tobytes() for key, each in kept.items())).hexdigest()
        path = folder / "referee" / f"{subject.name}-{digest[:12]}.npz"
        path.parent.mkdir(exist_ok=True)
        np.savez(path, **kept)  # type: ignore[arg-type]  # of which one argument is no array
        made.insert(0, f"saved = np.load({str(path)!r})")
    code = "\n".join([*made, *shown])
    used = [each for each in ("sys", "time", "torch", "jax") if f"{each}." in "\n".join([*start, code])]
    names = ", ".join([*used, *["numpy as np"] * ("np." in code)])
    return [*([f"import {names}"] if names else []), *start, *made, *shown]


def _imported(name: str, what: str) -> str:
    path = Path(name)
    if path.suffix != ".py":
        return f"from {'shrinkage' if name == 'impl' else module_of(name) or name} import {what}"
    found = f"from {path.stem} import {what}"
    return found if path.parent == Path() else f"sys.path.insert(0, {str(path.parent)!r}); {found}"


def _shown(
    wrong: Wrong, name: str, problem: Problem, calls: int, code: Callable[[Any], str], library: str
) -> list[str]:
    """The calls, and what of them is printed."""
    same, was = SAME.get(library, "np.array_equal({}, {})"), f"was = {COPY.get(library, 'np.array({})').format('y')}"
    given = f"given = {code(problem.given)}"
    call, where = f"{name}({code(problem.given)[1:-1]})", wrong.where
    fraction = "." in wrong.got and wrong.kind != "dtype"  # of a tensor's four digits are printed
    shown = "print(float({}))" if library == "torch" and fraction else "print({})"
    if wrong.kind == "late":
        return [f"y = {call}{where}", was, "time.sleep(0.5)", f"print({same.format('y', 'was')})"]
    if wrong.kind == "over" and wrong.before:
        before = f"y = {name}({code(wrong.before.given)[1:-1]}){where}"
        return [before, was, call, f"print({same.format('y', 'was')})"]
    if wrong.kind == "changed":
        leaf = next((each for _, path, each in under(problem.given) if path == where), None)
        told = "given" if leaf is None else same.format(f"given{where}", code(leaf))
        return [given, f"{name}(*given)", f"print({told})"]
    if wrong.kind == "shares":
        shared = SHARED.get(library, "np.may_share_memory({}, {})")
        arrays = [f"given{path}" for _, path, each in under(problem.given) if isinstance(each, Array)]
        told = " or ".join(shared.format("y", each) for each in arrays)
        return [given, f"y = {name}(*given){where}", f"print({told})"]
    if wrong.kind == "earlier" and wrong.before and library != "jax":
        again = [f"given{path}[...] = {code(x)}" for _, path, x in under(problem.given) if isinstance(x, Array)]
        return [
            f"given = {code(wrong.before.given)}",
            f"{name}(*given)",
            *again,
            shown.format(f"{name}(*given){where}"),
        ]
    if wrong.kind == "memory" and wrong.like:
        full = FULL.get(library, "np.full({}, {}, {!r})").format(wrong.like[0], bench.BAIT, wrong.like[1])
        return [given, f"free = {full}", "del free", shown.format(f"{name}(*given){where}")]
    if wrong.kind == "calls":
        return [given, f"for _ in range({calls}):", f"    y = {name}(*given)", shown.format(f"y{where}")]
    if wrong.kind in ("raises", "gone"):
        return [call]
    return [f"print(type({call}))" if wrong.kind in TYPES else shown.format(call + where)]


def _code(value: Any, subject: Subject, kept: dict[str, np.ndarray]) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_code(each, subject, kept)}' for key, each in value.items())}}}"
    if isinstance(value, tuple | list):
        inside = ", ".join(_code(each, subject, kept) for each in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    if not isinstance(value, Array):
        return source_repr.code(value)
    whole = value.whole.values
    text = source_repr.code(whole)
    if whole.size > FEW:
        same = (whole.dtype, whole.shape, whole.tobytes())
        known = (key for key, each in kept.items() if (each.dtype, each.shape, each.tobytes()) == same)
        name = next(known, str(len(kept)))
        kept[name], text = whole, f"saved[{name!r}]"
    text = PLACED.get(subject.library, "{}").format(text) if subject.name not in CONTRACT else text
    wide = {"torch": ".to(torch.bfloat16)", "jax": ".astype('bfloat16')"}.get(subject.library, ".astype('bfloat16')")
    text += wide if value.dtype == "bfloat16" else ""
    return text + LAYOUTS[value.layout].code.format(shape=value.values.shape) if value.layout else text
