"""The mathematics as pictures: each is a function that returns a matplotlib `Figure`, for a notebook or `savefig`.

What is drawn is computed by the functions of the contract: `impl=` takes any module, or
`shrinkage.loader.Implementation`, that offers those a picture needs, and draws theirs. Every picture can be read in
black and white.

It takes the extra `figures`, and ``import shrinkage`` does not import it.
"""

try:
    import matplotlib  # noqa: F401  # only to see that it is there
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"shrinkage.figures needs {error.name}: pip install 'shrinkage[figures]' brings it.", name=error.name
    ) from error

from .elbows import elbows_in_training
from .lambdas import ridge_along_lambda
from .optimisers import optimiser_paths
from .readings import ridge_readings
from .step import relu_step
from .trainability import trainability_map

__all__ = [
    "elbows_in_training",
    "optimiser_paths",
    "relu_step",
    "ridge_along_lambda",
    "ridge_readings",
    "trainability_map",
]
