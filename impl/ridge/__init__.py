"""Ridge regression in all its readings, one form a file."""

from .augmented_columns import ridge_augmented_columns
from .augmented_rows import ridge_augmented_rows
from .auto import ridge
from .batch import ridge_batch
from .filters import ridge_filter_factors, ridge_inverse_singular_values
from .kernel import ridge_kernel
from .loo import ridge_loo
from .map import ridge_map
from .normal import ridge_normal
from .objective import ridge_jacobian, ridge_log_posterior, ridge_objective
from .path import ridge_path
from .posterior import ridge_posterior
from .selection import ridge_dof, ridge_gcv
from .svd import ridge_svd

# The six forms: six computations that must agree.
RIDGE_FORMS = {
    "ridge_normal": ridge_normal,
    "ridge_svd": ridge_svd,
    "ridge_map": ridge_map,
    "ridge_augmented_rows": ridge_augmented_rows,
    "ridge_augmented_columns": ridge_augmented_columns,
    "ridge_kernel": ridge_kernel,
}

__all__ = [
    "RIDGE_FORMS",
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
]
