"""The call that shows a finding, as code that can be pasted: what is large is in a file."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine.account import source_repr

from . import bench
from .device import LAYOUTS, Array
from .problems import Problem, Subject

FEW = 12  # entries of an array that is written out
PLACED = {"torch": "torch.from_numpy({})", "jax": "jax.numpy.asarray({})"}


def lines(subject: Subject, problem: Problem, state: dict[str, Any], folder: Path) -> list[str]:
    """The code; its arrays, and the model's numbers, are put into the folder."""
    kept: dict[str, np.ndarray] = {}
    given = ", ".join(_code(each, subject, kept) for each in problem.given)
    model = subject.name in bench.MODELS
    forward = "model" if subject.library == "torch" else "model.forward"
    code = f"{forward if model else subject.name}({given})"
    if model:
        kept |= {key: each.values for key, each in state.items()}
    made = [f"model = {subject.name}(*get_init_inputs())"] if model else []
    if model and not state:
        made.insert(0, "torch.manual_seed(0)" if subject.library == "torch" else "np.random.seed(0)")
    if state:
        numbers = f"{{key: {PLACED['torch'].format('f[key]')} for key in f if not key.isdigit()}}"
        made.append(f"model.load_state_dict({numbers})")
    if kept:
        digest = hashlib.sha256(b"".join(key.encode() + each.tobytes() for key, each in kept.items())).hexdigest()
        path = folder / "referee" / f"{subject.name}-{digest[:12]}.npz"
        path.parent.mkdir(exist_ok=True)
        np.savez(path, **kept)  # type: ignore[arg-type]  # of which one argument is no array
        made.insert(0, f"f = np.load({str(path)!r})")
    return [*made, f"{code}  # {problem.what}"]


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
        name = str(len(kept))
        kept[name], text = whole, f"f[{name!r}]"
    text = PLACED.get(subject.library, "{}").format(text) if subject.name not in CONTRACT else text
    wide = {"torch": ".to(torch.bfloat16)", "jax": ".astype('bfloat16')"}.get(subject.library, ".astype('bfloat16')")
    text += wide if value.dtype == "bfloat16" else ""
    return text + LAYOUTS[value.layout].code.format(shape=value.values.shape) if value.layout else text
