"""The reference's own operations with errors: NumPy's by a kind of array, PyTorch's by a mode, JAX's by its jaxpr."""

import contextlib
import functools
import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np

from .arithmetic import Arithmetic
from .device import CPU, DTYPES, Array, leaves, library_of, mapped, parts, real
from .operations import COMPOSITE, EXACT, FACTORED, SUMS, arrays_in, exact, operation, with_arrays, within

WIDE: dict[str, Any] = {"f": float, "c": complex}  # what is computed in, by the kind of numbers

# ---- NumPy -----------------------------------------------------------------------------------------------------------


class Rounded(np.ndarray):
    """An array whose operations have errors."""

    how = Arithmetic("float64", None)

    def __array_ufunc__(self, ufunc: Any, method: str, *given: Any, out: Any = None, **named: Any) -> Any:
        plain = [_plain(each) for each in given]
        named = {key: None if key == "dtype" else _plain(value) for key, value in named.items()}
        if method == "at":
            return getattr(ufunc, method)(*plain, **named)
        at = [
            i for i, each in enumerate(plain) if isinstance(each, np.ndarray | np.generic) and each.dtype.kind in "fc"
        ]

        def run(*arrays: Any) -> Any:
            filled = list(plain)
            for i, array in zip(at, arrays, strict=True):
                filled[i] = array
            return getattr(ufunc, method)(*filled, **named)

        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        numbers = [*map(np.asarray, plain)]
        if method == "outer":
            numbers[0] = numbers[0].reshape(*numbers[0].shape, *[1] * numbers[1].ndim)
        floats, pointwise = [np.asarray(plain[i]) for i in at], method in ("__call__", "outer")
        found = operation(self.how, name, run, floats, pointwise, numbers if pointwise else floats)
        if out is None:
            return _kept(found)
        for target, value in zip(out, found if isinstance(found, tuple) else (found,), strict=True):
            if target is not None:
                _plain(target)[...] = value
        return out[0] if len(out) == 1 else out

    def __array_function__(self, function: Any, types: Any, given: Any, named: Any) -> Any:
        name, module = function.__name__, function.__module__ or ""
        if name not in SUMS - {"sum", "mean", "cumsum"} and not module.startswith(("numpy.linalg", "numpy.fft")):
            found = super().__array_function__(function, types, given, named)
            if name in EXACT or _inside(leaves(found)):  # else it has made plain arrays of these, and errs unseen
                return _kept(found)
        tree = mapped(_plain, (tuple(given), dict(named)))

        def floats(each: Any) -> bool:
            return isinstance(each, np.ndarray) and each.dtype.kind in "fc"

        def run(*arrays: Any) -> Any:
            positional, by_name = with_arrays(tree, floats, iter(arrays))
            return function(*positional, **by_name)

        given = arrays_in(tree, floats)
        return _kept(operation(self.how, name, run, given, False, given))

    def astype(self, dtype: Any, *given: Any, **named: Any) -> Any:
        """Floats stay float64, and complex numbers two of them."""
        return super().astype(WIDE.get(np.dtype(dtype).kind, dtype), *given, **named)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Rounded) else value


def _kept(value: Any) -> Any:
    def keep(each: Any) -> Any:
        if isinstance(each, Rounded) or not isinstance(each, np.ndarray | np.inexact) or each.dtype.kind not in WIDE:
            return each
        return np.asarray(each, WIDE[each.dtype.kind]).view(Rounded)

    return mapped(keep, value)


def _inside(found: list[Any]) -> bool:
    """Whether all of the floats have come with their errors."""
    return all(isinstance(each, Rounded) or np.asarray(each).dtype.kind not in WIDE for each in found)


@contextlib.contextmanager
def _numpy(how: Arithmetic) -> Iterator[Callable[[np.ndarray], Any]]:
    def array(value: Any, dtype: Any = None, *given: Any, **named: Any) -> Any:
        kept = isinstance(value, Rounded) and dtype is not None and np.dtype(dtype).kind == value.dtype.kind in WIDE
        return as_array(value, None if kept else dtype, *given, **{"copy": None} | named | {"subok": True})

    as_array = np.array
    through = functools.partial(array, copy=True)
    names: dict[str, Any] = {"asarray": array, "ascontiguousarray": array, "array": through}
    with mock.patch.multiple(np, **names), mock.patch.object(Rounded, "how", how):
        yield lambda values: values.view(Rounded)


# ---- PyTorch ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _torch(how: Arithmetic) -> Iterator[Callable[[np.ndarray], Any]]:
    torch: Any = importlib.import_module("torch")
    formulas: Any = importlib.import_module("torch._decomp").decomposition_table
    below: Any = importlib.import_module("torch.utils._python_dispatch")

    def floats(each: Any) -> bool:
        return isinstance(each, torch.Tensor) and (each.is_floating_point() or each.is_complex())

    def host(each: Any) -> np.ndarray:
        numbers: np.ndarray = each.detach().resolve_conj().resolve_neg().numpy()
        return numbers

    def numbers(tree: Any) -> list[Any]:
        found = [each for each in leaves(tree) if isinstance(each, torch.Tensor | int | float)]
        return [host(each).copy() if isinstance(each, torch.Tensor) else each for each in found]

    def moved(value: Any, made: Any) -> Any:
        same = isinstance(value, torch.Tensor)
        return torch.from_numpy(np.array(made)).to(value.dtype).reshape(value.shape) if same else made

    class Mode(below.TorchDispatchMode):  # type: ignore[misc]  # which is Any
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            named = dict(kwargs or {})
            for kind, wide in (("is_floating_point", torch.float64), ("is_complex", torch.complex128)):
                if getattr(named.get("dtype"), kind, False):
                    named["dtype"] = wide
            name = func._schema.name.partition("::")[2]
            pointwise = torch.Tag.pointwise in func.tags or func.namespace == "prims"
            if func in formulas and name not in SUMS | EXACT and (not pointwise or name in COMPOSITE):
                with self:
                    found = formulas[func](*args, **named)
                if found is not NotImplemented:
                    return found
            tree, result = (tuple(args), named), None
            if how.exact or func.is_view or exact(name, (host(each) for each in arrays_in(tree, floats))):
                return func(*args, **named)

            def run(*arrays: Any) -> Any:
                nonlocal result
                positional, by_name = with_arrays(tree, floats, (torch.from_numpy(np.array(each)) for each in arrays))
                found = func(*positional, **by_name)
                result = found if result is None else result
                return mapped(lambda each: host(each) if isinstance(each, torch.Tensor) else each, found)

            operands = numbers(tree) if how.endless else []
            if func._schema.is_mutable:
                changed = func(*args, **named)
                for each in arrays_in(changed, floats):
                    value = host(each)
                    value = within(name.rstrip("_"), value, operands, pointwise) if how.endless else how.off(value)
                    each.copy_(moved(each, value))
                return changed
            given = [host(each.to(torch.promote_types(each.dtype, torch.float64))) for each in arrays_in(tree, floats)]
            found = operation(how, name, run, given, pointwise, operands)
            parts = iter(leaves(found))
            return mapped(lambda each: moved(each, next(parts)) if floats(each) else (next(parts), each)[1], result)

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with Mode():
            yield torch.from_numpy
    finally:
        torch.set_default_dtype(before)


# ---- JAX -------------------------------------------------------------------------------------------------------------


def _jax(how: Arithmetic, call: Callable[..., Any], given: list[Any]) -> Any:
    """A function's jaxpr, operation by operation."""
    jax: Any = importlib.import_module("jax")
    core: Any = importlib.import_module("jax.extend.core")

    def evaluated(closed: Any, arguments: list[Any]) -> list[Any]:
        jaxpr = closed.jaxpr
        known: dict[Any, Any] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*closed.consts, *arguments], strict=True))
        for step in jaxpr.eqns:
            values = [each.val if isinstance(each, core.Literal) else known[each] for each in step.invars]
            inner = next((each for each in step.params.values() if isinstance(each, core.ClosedJaxpr)), None)
            if inner is not None and step.primitive.name not in ("scan", "while", "cond"):
                found: Any = evaluated(inner, values)
            else:
                found = _bound(how, step, values)
            known.update(zip(step.outvars, found if isinstance(found, list | tuple) else [found], strict=True))
        return [each.val if isinstance(each, core.Literal) else known[each] for each in jaxpr.outvars]

    with jax.enable_x64(True):

        def of_arrays(*arrays: Any) -> Any:
            return leaves(call(*with_arrays(given, _is_array, iter(arrays))))

        arrays = arrays_in(given, _is_array)
        return evaluated(jax.make_jaxpr(of_arrays)(*arrays), arrays)


def _bound(how: Arithmetic, step: Any, values: list[Any]) -> Any:
    params = step.primitive.get_bind_params(step.params)
    at = [i for i, each in enumerate(values) if np.asarray(each).dtype.kind in WIDE]

    def run(*arrays: Any) -> Any:
        filled = list(values)
        for i, array in zip(at, arrays, strict=True):
            filled[i] = array
        found = step.primitive.bind(*filled, **params)
        return [np.asarray(each) for each in found] if step.primitive.multiple_results else np.asarray(found)

    given = [np.asarray(values[i]) for i in at]
    shape = step.outvars[0].aval.shape
    pointwise = step.primitive.name not in FACTORED and all(_fits(each.shape, shape) for each in given)
    return operation(how, step.primitive.name, run, given, pointwise, map(np.asarray, values))


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    return not shape or (len(shape) == len(whole) and all(n in (1, size) for n, size in zip(shape, whole, strict=True)))


# ---- any -------------------------------------------------------------------------------------------------------------


def formula(
    call: Callable[..., Any], given: list[Any], library: str, adapted: bool = False
) -> Callable[[Arithmetic], list[np.ndarray]]:
    """The reference at these arguments, by an arithmetic: each of its results.

    Where its operations cannot be seen, what goes in is moved by as many roundings as its longest axis has entries, and
    what comes out by an operation's: the condition, and a constant.

    Parameters
    ----------
    call
        The reference.
    given
        Its arguments.
    library
        Whose operations it is made of.
    adapted
        Whether it takes and gives NumPy's arrays whatever it is made of.
    """
    wide = mapped(
        lambda each: _numbers(each).astype(WIDE[each.values.dtype.kind]) if _floats(each) else _numbers(each), given
    )

    def copies(into: Callable[[np.ndarray], Any]) -> list[Any]:
        return [*mapped(lambda each: into(each.copy()) if _is_array(each) else each, wide)]

    def numbers(value: Any) -> np.ndarray:
        host = CPU.fetch(value).parts if library_of(value) == "torch" else parts(np.asarray(_plain(value)))
        return host.astype(float) if host.dtype.kind == "f" else host

    def from_outside(how: Arithmetic) -> list[np.ndarray]:
        with _wide(library):
            found = [numbers(each) for each in leaves(call(*copies(how.input)))]
        if how.endless:
            return [within("", each, arrays_in(wide, _is_array), False) for each in found]
        return [how.off(each) for each in found]

    def seen(how: Arithmetic) -> list[np.ndarray]:
        if library == "torch":
            with _torch(how) as into:
                made = copies(lambda each: how.argument(each) if adapted else into(how.argument(each)))
                return [numbers(each) for each in leaves(call(*made))]
        if library == "jax":
            return from_outside(how) if adapted else [numbers(each) for each in _jax(how, call, copies(how.argument))]
        with _numpy(how) as into:
            found = leaves(call(*copies(lambda each: into(how.argument(each)))))
        return [numbers(each) for each in found] if _inside(found) else from_outside(how)

    def run(how: Arithmetic) -> list[np.ndarray]:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return seen(how)

    return run


@contextlib.contextmanager
def _wide(library: str) -> Iterator[None]:
    """So that JAX computes in float64, too."""
    if library == "jax":
        with importlib.import_module("jax").enable_x64(True):
            yield
    else:
        yield


def _numbers(value: Any) -> Any:
    return value.values if isinstance(value, Array) else value


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _floats(value: Any) -> bool:
    return isinstance(value, Array) and real(value.dtype) in DTYPES
