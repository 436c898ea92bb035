"""Chapter 1: one pass over the memory, whatever the function."""

from shrinkage.benchmarks.cases import inputs
from shrinkage.benchmarks.cases.case import Cases, sized

CASES = Cases()
add = CASES.add

_VECTOR = {"small": {"n": 10}, "large": {"n": 1_000_000}}
_MATRIX = {"small": {"m": 10, "n": 10}, "large": {"m": 1000, "n": 1000}}
add("linear_form", inputs.two_vectors, lambda n: 2 * n, lambda n: 2 * n, **_VECTOR, **sized("n", (1000,)))
add("linear_form_jacobian", inputs.two_vectors, lambda n: 0, lambda n: 2 * n, **_VECTOR)
add("squared_norm", inputs.vector, lambda n: 2 * n, lambda n: n, **_VECTOR, **sized("n", (1000,)))
add("squared_norm_jacobian", inputs.vector, lambda n: n, lambda n: 2 * n, **_VECTOR)
add(
    "matvec",
    inputs.matrix_and_vector,
    lambda m, n: 2 * m * n,
    lambda m, n: m * n + m + n,
    **_MATRIX,
    **sized("m n", (100, 100)),
)
add("matvec_jacobian", inputs.matrix_and_vector, lambda m, n: 0, lambda m, n: 2 * m * n, **_MATRIX)
_SQUARE = {"small": {"n": 10}, "large": {"n": 1000}}
add("quadratic_form", inputs.square_and_vector, lambda n: 2 * n * n + 2 * n, lambda n: n * n + n, **_SQUARE)
add("quadratic_form_jacobian", inputs.square_and_vector, lambda n: 4 * n * n, lambda n: n * n + 2 * n, **_SQUARE)

# Hostile: numbers that many processors take a detour for, and memory that is not in one piece.
add(
    "linear_form",
    inputs.subnormal_vector_and_another,
    lambda n: 2 * n,
    lambda n: 2 * n,
    subnormal={"n": 1_000_000},
)
add(
    "matvec",
    inputs.matrix_and_vector,
    lambda m, n: 2 * m * n,
    lambda m, n: m * n + m + n,
    options={"layout": inputs.strided},
    strided={"m": 1000, "n": 1000},
)
