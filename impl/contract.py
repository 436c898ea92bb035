"""The contract as data: every function, its arguments, its value, its shape.

An *implementation* is anything that offers some of these functions under these names and argument orders: a Python
module, several modules taken together, or an object. `conftest.py`, the properties, the benchmarks and the README's
table all read from here, and a test holds it against the signatures. A new function is written down here first.

What holds for every function:

- Real input of any array kind; float32 when every array argument is float32, else float64. Complex, text or object
  input is a `TypeError`. A number may also come as a NumPy scalar or a 0-d array.
- Any memory layout, the same answer. Inputs are never changed; the result never shares memory with them.
- Sizes of zero work wherever the mathematics has an answer; a mean over nothing is NaN, without a warning.
- A wrong shape, a NaN or an infinity in the data, a negative or non-finite `lam` is a `ValueError` that names the
  argument and says what was expected. Chapter 5 is the exception: it passes NaN and infinity through as NumPy would.
- The same call twice gives the same bits; so do the same calls from several threads at once.
"""

from dataclasses import dataclass

CHAPTERS = {
    1: "Vector calculus",
    2: "Least squares and minimum norm",
    3: "Ridge regression",
    4: "The ReLU elbow under SGD",
    5: "Fully connected networks",
}


@dataclass(frozen=True)
class Function:
    """One function of the contract.

    Parameters
    ----------
    name, arguments
        As in its signature, defaults included: ``"X, y, rcond=None"``.
    chapter
        A key of `CHAPTERS`.
    value
        What it returns, as a formula, on one line.
    shape
        The shape of what it returns, in the contract's letters.
    note
        What it refuses beyond what every function refuses, or what it may raise; empty if nothing.
    module
        Where it is, relative to the package: ``"ridge_regression.auto"``.
    """

    name: str
    arguments: str
    chapter: int
    value: str
    shape: str = ""
    note: str = ""
    module: str = ""

    @property
    def signature(self) -> str:
        """As it is called: ``ridge(X, y, lam)``."""
        return f"{self.name}({self.arguments})"


_POSITIVE = "ValueError at lam = 0"
_FACTORS = "LinAlgError where the matrix it factors is not numerically positive definite"

FUNCTIONS: tuple[Function, ...] = (
    # 1 · derivatives are Jacobians: a scalar function of a column vector has a row
    Function("linear_form", "x, c", 1, "xᵀc", "scalar", module="calculus"),
    Function("linear_form_jacobian", "x, c", 1, "cᵀ", "(1, n)", module="calculus"),
    Function("squared_norm", "x", 1, "‖x‖²", "scalar", module="calculus"),
    Function("squared_norm_jacobian", "x", 1, "2xᵀ", "(1, n)", module="calculus"),
    Function("matvec", "A, x", 1, "Ax", "(m,)", module="calculus"),
    Function("matvec_jacobian", "A, x", 1, "A", "(m, n)", module="calculus"),
    Function("quadratic_form", "A, x", 1, "xᵀAx", "scalar", module="calculus"),
    Function(
        "quadratic_form_jacobian",
        "A, x",
        1,
        "xᵀ(A + Aᵀ), which is 2xᵀA for every x when A = Aᵀ",
        "(1, n)",
        module="calculus",
    ),
    # 2 · X is (m, n), y is (m,) or (m, k); a singular value at most rcond · σ_max counts as zero
    Function("pinv", "X, rcond=None", 2, "V Σ† Uᵀ", "(n, m)", module="least_squares"),
    Function(
        "left_inverse",
        "X",
        2,
        "(XᵀX)⁻¹Xᵀ",
        "(n, m)",
        "ValueError unless X has full column rank",
        module="least_squares",
    ),
    Function(
        "right_inverse", "X", 2, "Xᵀ(XXᵀ)⁻¹", "(n, m)", "ValueError unless X has full row rank", module="least_squares"
    ),
    Function(
        "lstsq",
        "X, y, rcond=None",
        2,
        "the shortest w among those that minimise ‖Xw − y‖",
        "(n,) or (n, k)",
        module="least_squares",
    ),
    Function(
        "min_norm",
        "X, y",
        2,
        "the shortest w with Xw = y",
        "(n,) or (n, k)",
        "ValueError unless full row rank",
        module="least_squares",
    ),
    # 3 · X is (n, d), y is (n,) or (n, k); the objective is ‖y − Xw‖² + λ‖w‖²
    Function("ridge_objective", "X, y, w, lam", 3, "‖y − Xw‖² + λ‖w‖²", "scalar", module="ridge_regression.objective"),
    Function("ridge_jacobian", "X, y, w, lam", 3, "2(λwᵀ − (y − Xw)ᵀX)", "(1, d)", module="ridge_regression.objective"),
    Function(
        "ridge_normal",
        "X, y, lam",
        3,
        "(XᵀX + λI)⁻¹Xᵀy",
        "(d,) or (d, k)",
        f"{_POSITIVE}; {_FACTORS}",
        module="ridge_regression.normal",
    ),
    Function(
        "ridge_svd", "X, y, lam", 3, "V diag(σ/(σ²+λ)) Uᵀy", "(d,) or (d, k)", _POSITIVE, module="ridge_regression.svd"
    ),
    Function(
        "ridge_map",
        "X, y, lam",
        3,
        "the maximum a posteriori w for W ~ N(0, I), Y = XW + √λ N",
        "(d,) or (d, k)",
        f"{_POSITIVE}; {_FACTORS}",
        module="ridge_regression.map",
    ),
    Function(
        "ridge_augmented_rows",
        "X, y, lam",
        3,
        "least squares on the fake data [X; √λ I], [y; 0]",
        "(d,) or (d, k)",
        _POSITIVE,
        module="ridge_regression.augmented_rows",
    ),
    Function(
        "ridge_augmented_columns",
        "X, y, lam",
        3,
        "the first d entries of the shortest η with [X √λ I] η = y",
        "(d,) or (d, k)",
        _POSITIVE,
        module="ridge_regression.augmented_columns",
    ),
    Function(
        "ridge_kernel",
        "X, y, lam",
        3,
        "Xᵀ(XXᵀ + λI)⁻¹y",
        "(d,) or (d, k)",
        f"{_POSITIVE}; {_FACTORS}",
        module="ridge_regression.kernel",
    ),
    Function(
        "ridge",
        "X, y, lam",
        3,
        "the best form for the shape at hand; lstsq(X, y) at λ = 0",
        "(d,) or (d, k)",
        module="ridge_regression.auto",
    ),
    Function(
        "ridge_posterior",
        "X, y, lam",
        3,
        "mean and covariance λ(XᵀX + λI)⁻¹",
        "(d,), (d, d)",
        _POSITIVE,
        module="ridge_regression.posterior",
    ),
    Function(
        "ridge_log_posterior",
        "X, y, w, lam",
        3,
        "−‖y − Xw‖²/(2λ) − ‖w‖²/2",
        "scalar",
        _POSITIVE,
        module="ridge_regression.objective",
    ),
    Function(
        "ridge_inverse_singular_values",
        "s, lam",
        3,
        "σ/(σ²+λ), 0 at σ = λ = 0",
        "(r,)",
        module="ridge_regression.filters",
    ),
    Function(
        "ridge_filter_factors", "s, lam", 3, "σ²/(σ²+λ), 0 at σ = λ = 0", "(r,)", module="ridge_regression.filters"
    ),
    Function(
        "ridge_path",
        "X, y, lams",
        3,
        "ridge at each of L values of λ",
        "(L, d) or (L, d, k)",
        module="ridge_regression.path",
    ),
    Function("ridge_dof", "X, lams", 3, "Σ σ²/(σ²+λ)", "(L,)", module="ridge_regression.selection"),
    Function("ridge_gcv", "X, y, lams", 3, "n ‖(I − H)y‖² / tr(I − H)²", "(L,)", module="ridge_regression.selection"),
    Function("ridge_loo", "X, y, lams", 3, "mean over i of (y_i − x_iᵀ w₋ᵢ)²", "(L,)", module="ridge_regression.loo"),
    Function("ridge_batch", "X, y, lam", 3, "ridge of b problems at once", "(b, d)", module="ridge_regression.batch"),
    # 4 · the derivative of ReLU at 0 is 0; the loss is ½(f(x) − y)²; W1 is (d, 1), b is (d,), W2 is (1, d)
    Function("relu_unit", "x, w, b", 4, "φ(x) = max(wx + b, 0)", "as x", module="relu"),
    Function("elbow", "w, b", 4, "−b/w, NaN where w = 0", "as w and b", module="relu"),
    Function("relu_unit_loss", "x, y, w, b", 4, "½(φ(x) − y)²", "scalar", module="relu"),
    Function("relu_unit_gradients", "x, y, w, b", 4, "dl/dφ, dl/dw, dl/db", "three scalars", module="relu"),
    Function("relu_unit_step", "x, y, w, b, lr", 4, "w, b after one step", "two scalars", module="relu"),
    Function("relu_network", "x, W1, b, W2", 4, "W2 max(W1 x + b, 0)", "as x", module="relu"),
    Function("relu_network_loss", "x, y, W1, b, W2", 4, "½(f̂(x) − y)²", "scalar", module="relu"),
    Function(
        "relu_network_gradients",
        "x, y, W1, b, W2",
        4,
        "dW1, db, dW2 for one sample",
        "(d, 1), (d,), (1, d)",
        module="relu",
    ),
    Function(
        "relu_network_step", "x, y, W1, b, W2, lr", 4, "W1, b, W2 after one step", "(d, 1), (d,), (1, d)", module="relu"
    ),
    Function(
        "elbows_after_step", "x, y, W1, b, W2, lr", 4, "where the elbows stand after that step", "(d,)", module="relu"
    ),
    Function(
        "relu_network_sgd",
        "x, y, W1, b, W2, lr, epochs",
        4,
        "W1, b, W2 and the elbows before and after every epoch",
        "(d, 1), (d,), (1, d), (epochs + 1, d)",
        module="relu",
    ),
    # 5 · x is (N, ...), flattened to (N, D); w is (D, M), b is (M,); labels y are integers (N,)
    Function("affine_forward", "x, w, b", 5, "x w + b, cache", "(N, M)", module="nets.layers"),
    Function("affine_backward", "dout, cache", 5, "dx, dw, db", "as x, (D, M), (M,)", module="nets.layers"),
    Function("relu_forward", "x", 5, "max(x, 0), cache", "as x", module="nets.layers"),
    Function(
        "relu_backward",
        "dout, cache",
        5,
        "dx = dout where x > 0, else 0; NaN where x or dout is",
        "as x",
        module="nets.layers",
    ),
    Function("affine_relu_forward", "x, w, b", 5, "max(x w + b, 0), cache", "(N, M)", module="nets.layers"),
    Function("affine_relu_backward", "dout, cache", 5, "dx, dw, db", "as x, (D, M), (M,)", module="nets.layers"),
    Function("softmax_loss", "x, y", 5, "the mean of −log softmax(x)[y], dx", "scalar, (N, C)", module="nets.losses"),
    Function(
        "svm_loss",
        "x, y",
        5,
        "the mean over samples of Σ_{j≠y} max(0, x_j − x_y + 1), dx",
        "scalar, (N, C)",
        module="nets.losses",
    ),
    Function("sgd", "w, dw, config=None", 5, "w − lr·dw, config", "as w", module="nets.optim"),
    Function("sgd_momentum", "w, dw, config=None", 5, "w + v with v ← μv − lr·dw, config", "as w", module="nets.optim"),
    Function(
        "rmsprop",
        "w, dw, config=None",
        5,
        "w − lr·dw/(√c + ε) with c ← ρc + (1−ρ)dw², config",
        "as w",
        module="nets.optim",
    ),
    Function("adam", "w, dw, config=None", 5, "w − lr·m̂/(√v̂ + ε), config", "as w", module="nets.optim"),
    Function(
        "FullyConnectedNet",
        "hidden_dims, input_dim=784, num_classes=10, reg=0.0, weight_scale=1e-2, dtype=np.float64, seed=None",
        5,
        "affine–ReLU layers and an affine one: loss(X) gives scores, loss(X, y) gives loss and gradients",
        "params, loss",
        module="nets.net",
    ),
    Function(
        "Solver",
        "model, data, update_rule='sgd', optim_config=None, lr_decay=1.0, batch_size=100, num_epochs=10, verbose=True, "
        "print_every=10, seed=None",
        5,
        "trains a model by minibatches: train(), loss_history, train_acc_history, val_acc_history",
        "train and histories",
        module="nets.solver",
    ),
    Function(
        "eval_numerical_gradient",
        "f, x",
        5,
        "central differences of a scalar f with h = 1e-5",
        "as x",
        module="nets.gradient_check",
    ),
    Function(
        "eval_numerical_gradient_array",
        "f, x, df",
        5,
        "Σ df · ∂f/∂x by central differences",
        "as x",
        module="nets.gradient_check",
    ),
)

CONTRACT: dict[str, Function] = {function.name: function for function in FUNCTIONS}
