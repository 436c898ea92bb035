"""The project's own implementation: every function of the contract, compiled with Numba.

The public surface, by chapter. What each function promises is in its docstring and, as data, in `shrinkage.contract`.
"""

# ruff: noqa: I001  # the order is that of the chapters

# 1 · vector calculus
from .calculus import linear_form as linear_form
from .calculus import linear_form_jacobian as linear_form_jacobian
from .calculus import matvec as matvec
from .calculus import matvec_jacobian as matvec_jacobian
from .calculus import quadratic_form as quadratic_form
from .calculus import quadratic_form_jacobian as quadratic_form_jacobian
from .calculus import squared_norm as squared_norm
from .calculus import squared_norm_jacobian as squared_norm_jacobian

# 2 · least squares and minimum norm
from .least_squares import left_inverse as left_inverse
from .least_squares import lstsq as lstsq
from .least_squares import min_norm as min_norm
from .least_squares import pinv as pinv
from .least_squares import right_inverse as right_inverse

# 3 · ridge regression
from .ridge import ridge as ridge
from .ridge import ridge_augmented_columns as ridge_augmented_columns
from .ridge import ridge_augmented_rows as ridge_augmented_rows
from .ridge import ridge_batch as ridge_batch
from .ridge import ridge_dof as ridge_dof
from .ridge import ridge_filter_factors as ridge_filter_factors
from .ridge import ridge_gcv as ridge_gcv
from .ridge import ridge_inverse_singular_values as ridge_inverse_singular_values
from .ridge import ridge_jacobian as ridge_jacobian
from .ridge import ridge_kernel as ridge_kernel
from .ridge import ridge_log_posterior as ridge_log_posterior
from .ridge import ridge_loo as ridge_loo
from .ridge import ridge_map as ridge_map
from .ridge import ridge_normal as ridge_normal
from .ridge import ridge_objective as ridge_objective
from .ridge import ridge_path as ridge_path
from .ridge import ridge_posterior as ridge_posterior
from .ridge import ridge_svd as ridge_svd

# 4 · the ReLU elbow under SGD
from .relu import elbow as elbow
from .relu import elbows_after_step as elbows_after_step
from .relu import relu_network as relu_network
from .relu import relu_network_gradients as relu_network_gradients
from .relu import relu_network_loss as relu_network_loss
from .relu import relu_network_sgd as relu_network_sgd
from .relu import relu_network_step as relu_network_step
from .relu import relu_unit as relu_unit
from .relu import relu_unit_gradients as relu_unit_gradients
from .relu import relu_unit_loss as relu_unit_loss
from .relu import relu_unit_step as relu_unit_step

# 5 · fully connected networks
from .nets.gradient_check import eval_numerical_gradient as eval_numerical_gradient
from .nets.gradient_check import eval_numerical_gradient_array as eval_numerical_gradient_array
from .nets.layers import affine_backward as affine_backward
from .nets.layers import affine_forward as affine_forward
from .nets.layers import affine_relu_backward as affine_relu_backward
from .nets.layers import affine_relu_forward as affine_relu_forward
from .nets.layers import relu_backward as relu_backward
from .nets.layers import relu_forward as relu_forward
from .nets.losses import softmax_loss as softmax_loss
from .nets.losses import svm_loss as svm_loss
from .nets.net import FullyConnectedNet as FullyConnectedNet
from .nets.optim import adam as adam
from .nets.optim import rmsprop as rmsprop
from .nets.optim import sgd as sgd
from .nets.optim import sgd_momentum as sgd_momentum
from .nets.solver import Solver as Solver

__version__ = "0.1.0"

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
