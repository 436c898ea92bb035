"""What one operation of a library may be off by, by its name in NumPy, PyTorch or JAX."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .arithmetic import Arithmetic
from .device import leaves, mapped


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Who rounds nothing, and who adds products.
EXACT = _names(
    "_to_copy abs absolute alias amax amin arange argmax block broadcast_in_dim broadcast_to cat ceil choose clamp "
    "clip clone complex concatenate conj conj_physical conjugate constant_pad_nd convert_element_type copy copy_ "
    "copysign detach diag dynamic_slice expand_dims eye fill_ flip floor fmax fmin full full_like gather imag index "
    "index_select iota lift lift_fresh masked_fill max max_pool2d_with_indices maximum min minimum neg negative "
    "new_zeros ones ones_like pad real reduce_max reduce_min relu repeat reshape rev rint scalar_tensor scatter "
    "select select_n sign slice slice_scatter sort split squeeze stop_gradient take threshold topk transpose tril "
    "triu unbind where zero_ zeros zeros_like"
)
MODULI = _names("abs absolute sign sgn")  # which round what is complex
SUMS = _names(
    "_adaptive_avg_pool2d add.accumulate add.reduce addmm addmv avg_pool2d baddbmm bmm conv_general_dilated "
    "convolution convolve cumsum dot dot_general einsum index_add inner linalg_vector_norm matmul mean mm mv norm "
    "outer reduce_sum reduce_window_sum scatter-add scatter_add sum tensordot vdot vecdot"
)
MEANS = _names("mean avg_pool2d _adaptive_avg_pool2d linalg_vector_norm norm")
VARIANCES = _names("var std")  # of which PyTorch has one operation
SPECIAL = _names("erf erfc erfinv erf_inv lgamma digamma gammaln i0 i1 tan pow power")  # twice as far off as others
FACTORED = _names("cholesky lu triangular_solve eigh eig svd qr geqrf householder_product schur")
COMPOSITE = _names("gelu silu mish softplus log_sigmoid_forward elu celu hardswish")  # told as one operation
# Whose results may be too small for float64, and who may have too large ones but at a pole, where an operand is zero.
PRODUCTS = _names("prod multiply.reduce multiply.accumulate reduce_prod cumprod")
VANISHING = PRODUCTS | _names(
    "mul multiply div divide true_divide exp exp2 erfc float_power integer_pow logistic pow power reciprocal sigmoid "
    "special_erfc square"
)
GROWING = VANISHING | _names("add addcdiv addcmul cosh expm1 rsqrt sinh sub subtract")
ELEMENTARY = EXACT | GROWING | _names("log log1p sqrt tanh sin cos sum mean var std abs amax amin norm erf to float")
FAR = 2.0**512  # of which products are in the range


def exact(name: str, given: Iterable[np.ndarray]) -> bool:
    """Whether an operation rounds nothing of these arrays."""
    return name in EXACT and not (name in MODULI and any(each.dtype.kind == "c" for each in given))


def operation(
    how: Arithmetic, name: str, run: Callable[..., Any], given: list[Any], pointwise: bool, operands: Iterable[Any] = ()
) -> Any:
    """One operation on plain float64 arrays, and NumPy's part of its error.

    Parameters
    ----------
    how
        The arithmetic.
    name
        Its name.
    run
        Itself, which takes the arrays of floats in their places.
    given
        Those.
    pointwise
        Whether each entry comes of one entry of each.
    operands
        All of its numbers, the integers too.
    """
    value = run(*(map(how.operand, given) if name in SUMS else given))
    if how.exact or exact(name, given):
        return value
    if how.endless:
        numbers = given if name in PRODUCTS else [*operands]
        return mapped(lambda each: within(name, each, numbers, pointwise and name not in SUMS), value)
    with np.errstate(all="ignore"):
        if name in SUMS:
            absolute = run(*(abs(each) for each in given))
            size = max((each.size for each in given), default=1)
            whole = size // max(np.size(value), 1) if isinstance(value, np.ndarray) else size
            counted = size if name in MEANS and whole <= 1 else whole if name in MEANS else 0
            terms = counted or run(*((each != 0).astype(float) for each in given))
            return how.off(value, absolute, terms)
        if name in VARIANCES:  # whose terms are all positive
            return how.off(value, value, max(each.size for each in given) // max(np.size(value), 1))
        if not pointwise:  # a factorisation, or what is not known: it is stable backwards
            longest = max((sum(each.shape) for each in given), default=1)
            value = run(*(how.around(each, longest) for each in given))
            if any(map(np.iscomplexobj, [*given, *leaves(value)])):  # a transform, whose zeros are others' roundings
                value = mapped(lambda each: how.around(each, longest), value)
    return mapped(functools.partial(how.off, rough=2 if name in SPECIAL else 1), value)


def within(name: str, value: Any, operands: list[Any], pointwise: bool) -> np.ndarray:
    """What an operation gives, put back into the range of float64 where it has left that: of finite operands.

    Of an operation that is not known, that is everything infinite, and every NaN.
    """
    value = np.asarray(value)
    if value.dtype.kind != "f":
        return value
    arrays = [*map(np.asarray, operands)]
    pointwise = pointwise and _broadcast(arrays) == value.shape  # a sum is called so, too
    inside: Any = True
    nonzero: Any = name in VANISHING
    for each in arrays:
        finite, other = np.isfinite(each), each != 0
        inside = inside & (finite & (other | (name not in GROWING)) if pointwise else finite.all())
        nonzero = nonzero & (other if pointwise else other.all())
    lost = np.isinf(value) & (name in GROWING) if pointwise else ~np.isfinite(value)
    value = np.where(inside & lost, np.copysign(FAR, value), value)
    return np.where(inside & nonzero & (value == 0), np.copysign(1 / FAR, value), value)


def _broadcast(arrays: list[np.ndarray]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*(each.shape for each in arrays))
    except ValueError:
        return None


def arrays_in(tree: Any, is_array: Callable[[Any], bool]) -> list[Any]:
    """The arrays among arguments, in order."""
    if isinstance(tree, tuple | list):
        return [each for part in tree for each in arrays_in(part, is_array)]
    if isinstance(tree, dict):
        return arrays_in(list(tree.values()), is_array)
    return [tree] if is_array(tree) else []


def with_arrays(tree: Any, is_array: Callable[[Any], bool], arrays: Iterator[Any]) -> Any:
    """The same arguments with other arrays in their places."""
    return mapped(lambda leaf: next(arrays) if is_array(leaf) else leaf, tree)
