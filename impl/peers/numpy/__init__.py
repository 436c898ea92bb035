"""The contract as a person would write it from the textbook, in plain NumPy: `--impl numpy`.

It is the second opinion. Nothing here is shared with the project's own implementation, so the two can only agree by
both being right. Every formula stands as it is written on paper; what is done beyond that (input that is checked, data
that is scaled by a power of two before it is squared) is in `_input` and `_scaling`.
"""

from shrinkage.peers import Library  # absolute: seeded bugs are this package under another name

from .calculus import (
    linear_form,
    linear_form_jacobian,
    matvec,
    matvec_jacobian,
    quadratic_form,
    quadratic_form_jacobian,
    squared_norm,
    squared_norm_jacobian,
)
from .layers import (
    affine_backward,
    affine_forward,
    affine_relu_backward,
    affine_relu_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
    svm_loss,
)
from .least_squares import left_inverse, lstsq, min_norm, pinv, right_inverse
from .network import FullyConnectedNet, Solver
from .optim import adam, eval_numerical_gradient, eval_numerical_gradient_array, rmsprop, sgd, sgd_momentum
from .relu import (
    elbow,
    elbows_after_step,
    relu_network,
    relu_network_gradients,
    relu_network_loss,
    relu_network_sgd,
    relu_network_step,
    relu_unit,
    relu_unit_gradients,
    relu_unit_loss,
    relu_unit_step,
)
from .ridge import (
    ridge,
    ridge_augmented_columns,
    ridge_augmented_rows,
    ridge_batch,
    ridge_jacobian,
    ridge_kernel,
    ridge_log_posterior,
    ridge_map,
    ridge_normal,
    ridge_objective,
    ridge_posterior,
    ridge_svd,
)
from .spectrum import ridge_dof, ridge_filter_factors, ridge_gcv, ridge_inverse_singular_values, ridge_loo, ridge_path

LIBRARY = Library(distribution="numpy", oldest="2.0", module="numpy")

__all__ = [
    "FullyConnectedNet",
    "Solver",
    "adam",
    "affine_backward",
    "affine_forward",
    "affine_relu_backward",
    "affine_relu_forward",
    "elbow",
    "elbows_after_step",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "left_inverse",
    "linear_form",
    "linear_form_jacobian",
    "lstsq",
    "matvec",
    "matvec_jacobian",
    "min_norm",
    "pinv",
    "quadratic_form",
    "quadratic_form_jacobian",
    "relu_backward",
    "relu_forward",
    "relu_network",
    "relu_network_gradients",
    "relu_network_loss",
    "relu_network_sgd",
    "relu_network_step",
    "relu_unit",
    "relu_unit_gradients",
    "relu_unit_loss",
    "relu_unit_step",
    "ridge",
    "ridge_augmented_columns",
    "ridge_augmented_rows",
    "ridge_batch",
    "ridge_dof",
    "ridge_filter_factors",
    "ridge_gcv",
    "ridge_inverse_singular_values",
    "ridge_jacobian",
    "ridge_kernel",
    "ridge_log_posterior",
    "ridge_loo",
    "ridge_map",
    "ridge_normal",
    "ridge_objective",
    "ridge_path",
    "ridge_posterior",
    "ridge_svd",
    "right_inverse",
    "rmsprop",
    "sgd",
    "sgd_momentum",
    "softmax_loss",
    "squared_norm",
    "squared_norm_jacobian",
    "svm_loss",
]
