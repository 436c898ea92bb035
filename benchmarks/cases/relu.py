"""Chapter 4: one unit, many units, and their training, sample by sample."""

from shrinkage.benchmarks.cases import inputs
from shrinkage.benchmarks.cases.bound import many_calls
from shrinkage.benchmarks.cases.case import Cases

CASES = Cases()
add = CASES.add

_CALLS: dict[str, dict[str, int]] = {"small": {"calls": 1}, "large": {"calls": 1000}}
_UNITS = {"small": {"d": 10}, "large": {"d": 100_000}}
add("relu_unit", inputs.unit_inputs, lambda n: 3 * n, lambda n: 2 * n, small={"n": 10}, large={"n": 4_000_000})
add("relu_unit", inputs.subnormal_unit_inputs, lambda n: 3 * n, lambda n: 2 * n, subnormal={"n": 1_000_000})
add("elbow", inputs.slopes_and_offsets, lambda d: 2 * d, lambda d: 3 * d, small={"d": 10}, large={"d": 1_000_000})
add("relu_unit_loss", inputs.unit_samples, lambda calls: 6 * calls, lambda calls: 5 * calls, many_calls, **_CALLS)
add("relu_unit_gradients", inputs.unit_samples, lambda calls: 5 * calls, lambda calls: 7 * calls, many_calls, **_CALLS)
add(
    "relu_unit_step",
    inputs.unit_samples_and_rate,
    lambda calls: 9 * calls,
    lambda calls: 7 * calls,
    many_calls,
    **_CALLS,
)
add(
    "relu_network",
    inputs.network_inputs,
    lambda N, d: 5 * N * d,
    lambda N, d: 2 * N + 3 * d,
    small={"N": 10, "d": 10},
    large={"N": 100_000, "d": 100},
)
add("relu_network_loss", inputs.network_sample, lambda d: 5 * d, lambda d: 3 * d, **_UNITS)
add("relu_network_gradients", inputs.network_sample, lambda d: 8 * d, lambda d: 6 * d, **_UNITS)
add("relu_network_step", inputs.network_sample_and_rate, lambda d: 14 * d, lambda d: 6 * d, **_UNITS)
add("elbows_after_step", inputs.network_sample_and_rate, lambda d: 14 * d, lambda d: 4 * d, **_UNITS)
add(
    "relu_network_sgd",
    inputs.network_training,
    lambda N, d, epochs: 14 * epochs * N * d,
    lambda N, d, epochs: 2 * N + (6 + epochs + 1) * d,
    small={"N": 20, "d": 5, "epochs": 2},
    large={"N": 500, "d": 100, "epochs": 4},
    **{"10000-units": {"N": 100, "d": 10_000, "epochs": 2}},
)
