"""The contract as data: every function, its arguments, its value, its shape.

An *implementation* is anything that offers some of these functions under these names and argument orders: a Python
module, several modules taken together, or an object. The package's surface, the claims that hold for every function,
help, stubs and the README's table all follow from here, and a test holds it against the signatures. A new function is
written down here first.

What holds for every function:

- Real input of any array kind; float32 when every array argument is float32, else float64. Complex, text or object
  input is a `TypeError`. A number may also come as a NumPy scalar or a 0-d array, and has no say in the dtype; where
  data is a 0-d array of float32, either dtype is right.
- Any memory layout, the same answer. Inputs are never changed; the result never shares memory with them.
- Sizes of zero work wherever the mathematics has an answer; a mean over nothing is NaN, without a warning.
- A wrong shape, a NaN or an infinity in the data, a negative or non-finite `lam` is a `ValueError` that names the
  argument and says what was expected. Chapter 5 is the exception: it passes NaN and infinity through as NumPy would.
- Where a product or a sum of chapter 1 is past the range of the dtype, nothing is promised of it.
- The same call twice gives the same bits; so do the same calls from several threads at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

CHAPTERS = {
    1: "Vector calculus",
    2: "Least squares and minimum norm",
    3: "Ridge regression",
    4: "The ReLU elbow under SGD",
    5: "Fully connected networks",
}


class Kind(Enum):
    """What an argument holds, in words."""

    REAL = "real"
    NOT_NEGATIVE = "≥ 0"
    POSITIVE = "> 0"
    FULL_COLUMN_RANK = "real, of full column rank"
    FULL_ROW_RANK = "real, of full row rank"
    RATE = "real, as a rule small and positive"
    LABELS = "integers from 0 to C − 1"
    COUNT = "an integer ≥ 0"
    CACHE = "what the forward pass gave beside its value"
    CONFIG = "a dict of settings and state, returned as it is after the step"
    FUNCTION = "a function of an array"
    OPTION = "as its description says"


_NUMBERS = (Kind.REAL, Kind.NOT_NEGATIVE, Kind.POSITIVE, Kind.FULL_COLUMN_RANK, Kind.FULL_ROW_RANK, Kind.RATE)


@dataclass(frozen=True)
class Several:
    """Any number of axes, none included, that have so many entries together.

    Parameters
    ----------
    letter
        Of the number of entries.
    """

    letter: str


Axes = tuple[str | int | Several, ...]


def _shape(axes: Axes) -> str:
    """As NumPy writes a shape, ``(n, d)``; "a number" without axes."""
    *first, last = axes or ("",)
    if isinstance(last, Several):
        return (
            f"({', '.join(map(str, first))}, ...), flattened to {_shape((*first, last.letter))}"
            if first
            else "any shape"
        )
    return f"({', '.join(map(str, axes))}{',' * (len(axes) == 1)})" if axes else "a number"


@dataclass(frozen=True)
class Argument:
    """One argument of a function of the contract.

    Parameters
    ----------
    name
        As in the signature.
    axes
        A letter for each axis; axes of one letter are of one size throughout a call. None: a number.
    kind
        What it holds.
    default
        Its source text, ``"None"``; empty if the argument has to be given.
    other
        The axes that it may have instead. Arrays that may share a letter have it all or none.
    forward
        Of a cache, the function whose second result it is.
    says
        What it is, where its kind does not say so.
    optional
        Whether an implementation may do without it, and is then not judged with it.
    """

    name: str
    axes: Axes = ()
    kind: Kind = Kind.REAL
    default: str = ""
    other: Axes | None = None
    forward: str = ""
    says: str = ""
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.name}={self.default}" if self.default else self.name

    @property
    def shapes(self) -> tuple[Axes, ...]:
        """The axes, and those that it may have instead."""
        return (self.axes,) if self.other is None else (self.axes, self.other)

    @property
    def numeric(self) -> bool:
        """Whether it holds real numbers, and is refused when it does not."""
        return self.kind in _NUMBERS

    @property
    def description(self) -> str:
        """Shape and kind, and the default: ``(n,) or (n, k), real``."""
        kind = self.says or self.kind.value
        text = (
            f"{' or '.join(map(_shape, sorted(self.shapes, key=len)))}, {kind}" if self.numeric or self.axes else kind
        )
        text += ", or no such argument" * self.optional
        return f"{text} (default: {self.default})" if self.default else text


@dataclass(frozen=True)
class Raises:
    """An error that is promised.

    Parameters
    ----------
    error
        Its type, by name.
    when
        How the sentence goes on: "at lam = 0".
    """

    error: str
    when: str

    def __str__(self) -> str:
        return f"{self.error} {self.when}"


@dataclass(frozen=True)
class Function:
    """One function of the contract.

    Parameters
    ----------
    name, arguments
        As in its signature.
    chapter
        A key of `CHAPTERS`.
    value
        What it returns, as a formula, on one line.
    shape
        The shape of what it returns, in the contract's letters.
    module
        Where it is, relative to the package: ``"ridge_regression.auto"``.
    raises
        What it may raise beyond what every function does, and beyond what follows from the kinds of its arguments.
    methods
        Of a class, how the methods are called on what it makes.
    """

    name: str
    arguments: tuple[Argument, ...]
    chapter: int
    value: str
    shape: str
    module: str
    raises: tuple[Raises, ...] = ()
    methods: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.signature, *(f"    {line}".rstrip() for line in self._description())])

    @property
    def signature(self) -> str:
        """As it is called: ``ridge(X, y, lam)``."""
        return f"{self.name}({', '.join(map(str, self.arguments))})"

    @property
    def names(self) -> tuple[str, ...]:
        """Of its arguments."""
        return tuple(argument.name for argument in self.arguments)

    @property
    def errors(self) -> tuple[Raises, ...]:
        """What it may raise beyond what every function does."""
        return (*(_BY_KIND[a.kind](a.name) for a in self.arguments if a.kind in _BY_KIND), *self.raises)

    @property
    def gives_cache(self) -> bool:
        """Whether its second result is a cache, for a backward pass."""
        return self.name in _FORWARD

    @property
    def gives_config(self) -> bool:
        """Whether its second result is the configuration after the step."""
        return any(argument.kind is Kind.CONFIG for argument in self.arguments)

    @property
    def stub(self) -> str:
        """Python source of the signature, its description as the docstring, and nothing done."""
        described = "\n".join(f"    {line}".rstrip() for line in self._description()).strip()
        body = f'    """{described}\n    """\n'
        if not self.methods:
            return f"def {self.signature}:\n{body}    raise NotImplementedError\n"
        methods = [self.signature.replace(f"{self.name}(", "__init__(", 1), *self.methods]
        whole = (f"\n    def {m.replace('(', '(self, ', 1)}:\n        raise NotImplementedError\n" for m in methods)
        return f"class {self.name}:\n{body}" + "".join(whole).replace("(self, )", "(self)")

    def _description(self) -> Iterator[str]:
        yield from (f"{self.value}.", "")
        yield from (f"{argument.name}: {argument.description}" for argument in self.arguments)
        yield f"Returns: {self.shape}"
        if self.errors:
            yield f"Raises: {'; '.join(map(str, self.errors))}"


_BY_KIND = {
    Kind.POSITIVE: lambda name: Raises("ValueError", f"at {name} = 0"),
    Kind.FULL_COLUMN_RANK: lambda name: Raises("ValueError", f"unless {name} has full column rank"),
    Kind.FULL_ROW_RANK: lambda name: Raises("ValueError", f"unless {name} has full row rank"),
}


def _calculus() -> Iterator[Function]:
    """Derivatives are Jacobians: a scalar function of a column vector has a row."""
    x, c = Argument("x", ("n",)), Argument("c", ("n",))
    A, square = Argument("A", ("m", "n")), Argument("A", ("n", "n"))
    yield Function("linear_form", (x, c), 1, "xᵀc", "scalar", "calculus")
    yield Function("linear_form_jacobian", (x, c), 1, "cᵀ", "(1, n)", "calculus")
    yield Function("squared_norm", (x,), 1, "‖x‖²", "scalar", "calculus")
    yield Function("squared_norm_jacobian", (x,), 1, "2xᵀ", "(1, n)", "calculus")
    yield Function("matvec", (A, x), 1, "Ax", "(m,)", "calculus")
    yield Function("matvec_jacobian", (A, x), 1, "A", "(m, n)", "calculus")
    yield Function("quadratic_form", (square, x), 1, "xᵀAx", "scalar", "calculus")
    two_sided = "xᵀ(A + Aᵀ), which is 2xᵀA for every x when A = Aᵀ"
    yield Function("quadratic_form_jacobian", (square, x), 1, two_sided, "(1, n)", "calculus")


def _least_squares() -> Iterator[Function]:
    """A singular value at most rcond · σ_max counts as zero."""
    X, y = Argument("X", ("m", "n")), Argument("y", ("m", "k"), other=("m",))
    tall, wide = Argument("X", ("m", "n"), Kind.FULL_COLUMN_RANK), Argument("X", ("m", "n"), Kind.FULL_ROW_RANK)
    rcond = Argument("rcond", (), Kind.NOT_NEGATIVE, "None")
    w, module = "(n,) or (n, k)", "least_squares"
    yield Function("pinv", (X, rcond), 2, "V Σ† Uᵀ", "(n, m)", module)
    yield Function("left_inverse", (tall,), 2, "(XᵀX)⁻¹Xᵀ", "(n, m)", module)
    yield Function("right_inverse", (wide,), 2, "Xᵀ(XXᵀ)⁻¹", "(n, m)", module)
    says = "True for each weight to its last digit, of an X of full rank, while u (κ + κ²‖r‖/(‖X‖‖w‖)) < 1"
    refine = Argument("refine", (), Kind.OPTION, "None", says=says, optional=True)
    yield Function("lstsq", (X, y, rcond, refine), 2, "the shortest w among those that minimise ‖Xw − y‖", w, module)
    yield Function("min_norm", (wide, y), 2, "the shortest w with Xw = y", w, module)


def _ridge() -> Iterator[Function]:
    """The objective is ‖y − Xw‖² + λ‖w‖²."""
    X, y, w = Argument("X", ("n", "d")), Argument("y", ("n",)), Argument("w", ("d",))
    ys, ws = Argument("y", ("n",), other=("n", "k")), Argument("w", ("d",), other=("d", "k"))
    lam, lams = Argument("lam", (), Kind.NOT_NEGATIVE), Argument("lams", ("L",), Kind.NOT_NEGATIVE)
    positive = Argument("lam", (), Kind.POSITIVE)
    factors = Raises("LinAlgError", "where the matrix it factors is not numerically positive definite")
    solution = "(d,) or (d, k)"

    yield Function("ridge_objective", (X, ys, ws, lam), 3, "‖y − Xw‖² + λ‖w‖²", "scalar", "ridge_regression.objective")
    yield Function("ridge_jacobian", (X, y, w, lam), 3, "2(λwᵀ − (y − Xw)ᵀX)", "(1, d)", "ridge_regression.objective")
    for name, value, raises in (
        ("normal", "(XᵀX + λI)⁻¹Xᵀy", (factors,)),
        ("svd", "V diag(σ/(σ²+λ)) Uᵀy", ()),
        ("map", "the maximum a posteriori w for W ~ N(0, I), Y = XW + √λ N", (factors,)),
        ("augmented_rows", "least squares on the fake data [X; √λ I], [y; 0]", ()),
        ("augmented_columns", "the first d entries of the shortest η with [X √λ I] η = y", ()),
        ("kernel", "Xᵀ(XXᵀ + λI)⁻¹y", (factors,)),
    ):
        yield Function(f"ridge_{name}", (X, ys, positive), 3, value, solution, f"ridge_regression.forms.{name}", raises)
    best = "the best form for the shape at hand; lstsq(X, y) at λ = 0"
    yield Function("ridge", (X, ys, lam), 3, best, solution, "ridge_regression.auto")

    covariance = "mean and covariance λ(XᵀX + λI)⁻¹"
    yield Function("ridge_posterior", (X, ys, positive), 3, covariance, "(d,), (d, d)", "ridge_regression.posterior")
    log_posterior = "−‖y − Xw‖²/(2λ) − ‖w‖²/2"
    yield Function("ridge_log_posterior", (X, y, w, positive), 3, log_posterior, "scalar", "ridge_regression.objective")
    s = Argument("s", ("r",), Kind.NOT_NEGATIVE)
    inverse, factor = "σ/(σ²+λ), 0 at σ = λ = 0", "σ²/(σ²+λ), 0 at σ = λ = 0"
    yield Function("ridge_inverse_singular_values", (s, lam), 3, inverse, "(r,)", "ridge_regression.filters")
    yield Function("ridge_filter_factors", (s, lam), 3, factor, "(r,)", "ridge_regression.filters")
    yield Function(
        "ridge_path", (X, ys, lams), 3, "ridge at each of L values of λ", "(L, d) or (L, d, k)", "ridge_regression.path"
    )
    yield Function("ridge_dof", (X, lams), 3, "Σ σ²/(σ²+λ)", "(L,)", "ridge_regression.selection")
    yield Function("ridge_gcv", (X, y, lams), 3, "n ‖(I − H)y‖² / tr(I − H)²", "(L,)", "ridge_regression.selection")
    yield Function("ridge_loo", (X, y, lams), 3, "mean over i of (y_i − x_iᵀ w₋ᵢ)²", "(L,)", "ridge_regression.loo")
    batch = (
        Argument("X", ("b", "n", "d")),
        Argument("y", ("b", "n")),
        Argument("lam", (), Kind.NOT_NEGATIVE, "", ("b",)),
    )
    yield Function("ridge_batch", batch, 3, "ridge of b problems at once", "(b, d)", "ridge_regression.batch")


def _ridge_of_unequal_penalties() -> Iterator[Function]:
    """Σ s_i (y_i − x_iᵀw − b)² + λ‖w‖²: b has no penalty, and weights are repeated samples; or a λ for each feature."""
    X, y, ys = Argument("X", ("n", "d")), Argument("y", ("n",)), Argument("y", ("n",), other=("n", "k"))
    lam, lams = Argument("lam", (), Kind.NOT_NEGATIVE), Argument("lams", ("L",), Kind.NOT_NEGATIVE)
    s = Argument("sample_weight", ("n",), Kind.NOT_NEGATIVE, "None")
    nobody = (Raises("ValueError", "where every weight is 0"),)
    folder = "ridge_regression.intercept"
    value = "the w, at λ = 0 the shortest, and the b that minimise Σ s_i (y_i − x_iᵀw − b)² + λ‖w‖²"
    shape = "(d,) or (d, k), scalar or (k,)"
    yield Function("ridge_intercept", (X, ys, lam, s), 3, value, shape, f"{folder}.solution", nobody)
    each, shape = "ridge_intercept at each of L values of λ", "(L, d) or (L, d, k), (L,) or (L, k)"
    yield Function("ridge_intercept_path", (X, ys, lams, s), 3, each, shape, f"{folder}.path", nobody)
    errors = "Σ s_i (y_i − x_iᵀ w₋ᵢ − b₋ᵢ)² / Σ s_i"
    yield Function("ridge_intercept_loo", (X, y, lams, s), 3, errors, "(L,)", f"{folder}.loo", nobody)
    by_feature = Argument("lams", ("d",), Kind.NOT_NEGATIVE)
    value = "the shortest w among those that minimise ‖y − Xw‖² + Σ λ_j w_j²"
    yield Function("ridge_by_feature", (X, ys, by_feature), 3, value, "(d,) or (d, k)", "ridge_regression.by_feature")


def _relu() -> Iterator[Function]:
    """The derivative of ReLU at 0 is 0; the loss is ½(f(x) − y)²."""
    x, y, w, b = (Argument(name) for name in "xywb")
    lr, epochs = Argument("lr", (), Kind.RATE), Argument("epochs", (), Kind.COUNT)
    W1, bs, W2 = Argument("W1", ("d", 1)), Argument("b", ("d",)), Argument("W2", (1, "d"))
    units, parameters = (W1, bs, W2), "(d, 1), (d,), (1, d)"

    anywhere = Argument("x", (Several("n"),))
    slopes, offsets = (Argument(name, (Several("n"),), other=()) for name in "wb")
    yield Function("relu_unit", (anywhere, w, b), 4, "φ(x) = max(wx + b, 0)", "as x", "relu.unit")
    yield Function("elbow", (slopes, offsets), 4, "−b/w, NaN where w = 0", "as w and b", "relu.unit")
    yield Function("relu_unit_loss", (x, y, w, b), 4, "½(φ(x) − y)²", "scalar", "relu.unit")
    yield Function("relu_unit_gradients", (x, y, w, b), 4, "dl/dφ, dl/dw, dl/db", "three scalars", "relu.unit")
    yield Function("relu_unit_step", (x, y, w, b, lr), 4, "w, b after one step", "two scalars", "relu.unit")
    along = Argument("x", ("N",), other=())
    yield Function("relu_network", (along, *units), 4, "W2 max(W1 x + b, 0)", "as x", "relu.network")
    yield Function("relu_network_loss", (x, y, *units), 4, "½(f̂(x) − y)²", "scalar", "relu.network")
    gradients = "dW1, db, dW2 for one sample"
    yield Function("relu_network_gradients", (x, y, *units), 4, gradients, parameters, "relu.network")
    yield Function("relu_network_step", (x, y, *units, lr), 4, "W1, b, W2 after one step", parameters, "relu.network")
    stand = "where the elbows stand after that step"
    yield Function("elbows_after_step", (x, y, *units, lr), 4, stand, "(d,)", "relu.network")
    samples = Argument("x", ("N",)), Argument("y", ("N",))
    trained = "W1, b, W2 and the elbows before and after every epoch"
    shapes = f"{parameters}, (epochs + 1, d)"
    yield Function("relu_network_sgd", (*samples, *units, lr, epochs), 4, trained, shapes, "relu.network")


def _nets() -> Iterator[Function]:
    """What comes in as (N, ...) is flattened to (N, D)."""
    layer = Argument("x", ("N", Several("D"))), Argument("w", ("D", "M")), Argument("b", ("M",))
    dout, gradients = Argument("dout", ("N", "M")), "as x, (D, M), (M,)"
    for kind, value in (("affine", "x w + b, cache"), ("affine_relu", "max(x w + b, 0), cache")):
        cache = Argument("cache", (), Kind.CACHE, forward=f"{kind}_forward")
        yield Function(f"{kind}_forward", layer, 5, value, "(N, M)", "nets.layers")
        yield Function(f"{kind}_backward", (dout, cache), 5, "dx, dw, db", gradients, "nets.layers")
        if kind == "affine":
            yield from _relu_layer()
    scores = Argument("x", ("N", "C")), Argument("y", ("N",), Kind.LABELS)
    for kind, value in (
        ("softmax", "the mean of −log softmax(x)[y], dx"),
        ("svm", "the mean over samples of Σ_{j≠y} max(0, x_j − x_y + 1), dx"),
    ):
        yield Function(f"{kind}_loss", scores, 5, value, "scalar, (N, C)", "nets.losses")
    w, dw = Argument("w", (Several("n"),)), Argument("dw", (Several("n"),))
    for name, value in (
        ("sgd", "w − lr·dw, config"),
        ("sgd_momentum", "w + v with v ← μv − lr·dw, config"),
        ("rmsprop", "w − lr·dw/(√c + ε) with c ← ρc + (1−ρ)dw², config"),
        ("adam", "w − lr·m̂/(√v̂ + ε), config"),
    ):
        yield Function(name, (w, dw, Argument("config", (), Kind.CONFIG, "None")), 5, value, "as w", "nets.optim")
    net = {
        "hidden_dims": ("", "the widths of the hidden layers"),
        "input_dim": ("784", "the entries of a sample"),
        "num_classes": ("10", "C"),
        "reg": ("0.0", "λ of the penalty ½ λ ΣW²"),
        "weight_scale": ("1e-2", "the standard deviation of the weights at first; biases are zero"),
        "dtype": ("np.float64", "of parameters and arithmetic"),
        "seed": ("None", "of the weights"),
    }
    affine_net = "affine–ReLU layers and an affine one: loss(X) gives scores, loss(X, y) gives loss and gradients"
    loss = ("loss(X, y=None)",)
    yield Function("FullyConnectedNet", _options(net), 5, affine_net, "params, loss", "nets.net", methods=loss)
    two = {"input_dim": ("3 * 32 * 32", net["input_dim"][1]), "hidden_dim": ("100", "the width of the hidden layer")}
    two |= {"num_classes": net["num_classes"], "weight_scale": ("1e-3", net["weight_scale"][1]), "reg": net["reg"]}
    two_layers = "affine, ReLU, affine in float64: loss(X) gives scores, loss(X, y) gives loss and gradients"
    yield Function("TwoLayerNet", _options(two), 5, two_layers, "params, loss", "nets.net", methods=loss)
    solver = {
        "model": ("", "a net: params and loss(X, y)"),
        "data": ("", "a dict of X_train, y_train, X_val and y_val"),
        "update_rule": ("'sgd'", "the name of one of the four update rules"),
        "optim_config": ("None", "the settings of the update rule"),
        "lr_decay": ("1.0", "what the learning rate is multiplied by after each epoch"),
        "batch_size": ("100", "samples a step"),
        "num_epochs": ("10", "passes over the data"),
        "verbose": ("True", "whether it prints how it goes on"),
        "print_every": ("10", "steps between two lines"),
        "seed": ("None", "of the batches"),
    }
    trains = "trains a model by minibatches: train(), loss_history, train_acc_history, val_acc_history"
    train = ("train()",)
    yield Function("Solver", _options(solver), 5, trains, "train and histories", "nets.solver", methods=train)
    f, x, df = Argument("f", (), Kind.FUNCTION), Argument("x", (Several("n"),)), Argument("df", (Several("m"),))
    differences = "central differences of a scalar f with h = 1e-5"
    yield Function("eval_numerical_gradient", (f, x), 5, differences, "as x", "nets.gradient_check")
    weighted = "Σ df · ∂f/∂x by central differences"
    yield Function("eval_numerical_gradient_array", (f, x, df), 5, weighted, "as x", "nets.gradient_check")


def _relu_layer() -> Iterator[Function]:
    x, dout = Argument("x", (Several("n"),)), Argument("dout", (Several("n"),))
    cache = Argument("cache", (), Kind.CACHE, forward="relu_forward")
    yield Function("relu_forward", (x,), 5, "max(x, 0), cache", "as x", "nets.layers")
    gate = "dx = dout where x > 0, else 0; NaN where x or dout is"
    yield Function("relu_backward", (dout, cache), 5, gate, "as x", "nets.layers")


def _options(described: dict[str, tuple[str, str]]) -> tuple[Argument, ...]:
    return tuple(Argument(name, (), Kind.OPTION, d, says=says) for name, (d, says) in described.items())


FUNCTIONS: tuple[Function, ...] = (
    *_calculus(),
    *_least_squares(),
    *_ridge(),
    *_ridge_of_unequal_penalties(),
    *_relu(),
    *_nets(),
)

CONTRACT: dict[str, Function] = {function.name: function for function in FUNCTIONS}

_FORWARD = {argument.forward for function in FUNCTIONS for argument in function.arguments}


def describe(name: str) -> str:
    """What a function takes, gives and refuses: help on one entry."""
    return str(CONTRACT[name])


def stub(names: Iterable[str] | None = None) -> str:
    """Python source to fill in: every function, or these, described and not yet written."""
    chosen = list(FUNCTIONS if names is None else map(CONTRACT.__getitem__, names))
    needs_numpy = any("np." in function.signature for function in chosen)
    head = (
        '"""An implementation, to be written: what is left out, or left as it is, is not judged."""\n\n'
        + "import numpy as np\n\n" * needs_numpy
    )
    return head + "\n" + "\n\n".join(function.stub for function in chosen)
