"""Chapter 5: training by minibatches, with models whose every accuracy is planned."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine.account import seen, shown
from shrinkage.properties.engine.account.source_repr import Written, code
from shrinkage.properties.engine.bounds import EXACT
from shrinkage.properties.engine.oracles_networks import DEFAULTS, Rule
from shrinkage.properties.engine.running_error import constant
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import ORDINARY_AND_HARD, count
from shrinkage.properties.engine.verdict import equal, holds, judge, refuses, untouched

mathematics, interface = pytest.mark.mathematics, pytest.mark.interface

Plan = Callable[[int], int]


IMPORTED = "from shrinkage.properties.test_solver import Linear, Planned, follow, rising"  # where a failure is pasted


class Planned:
    """A model that counts its steps in its only parameter, and gets as many rows right as is planned after so many.

    A row of data begins with its number, its label and whether it is for validation. With the gradient −1 and a rate
    of 1, the parameter is the number of steps.
    """

    IMPORTED = IMPORTED

    def __init__(self, train: Plan, val: Plan) -> None:
        self.params = {"steps": np.zeros(1)}
        self.plans = (train, val)
        self.batches: list[tuple[np.ndarray, np.ndarray]] = []

    def __repr__(self) -> str:
        return f"Planned({', '.join(map(code, self.plans))})"

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Scores with the planned number of rows right; or the number of the step, and −1 for its gradient."""
        if y is not None:
            self.batches.append((np.array(X), np.array(y)))
            return -self.params["steps"][0], {"steps": -np.ones(1)}
        number, label, val = np.reshape(X, (len(X), -1))[:, :3].T.astype(int)
        right = number < np.array([plan(len(self.batches)) for plan in self.plans])[val]
        return np.eye(3)[np.where(right, label, (label + 1) % 3)]


def planned_data(N: int, M: int) -> dict[str, np.ndarray]:
    """N rows to train on and M for validation, as `Planned` reads them."""
    rows = {"train": np.arange(N), "val": np.arange(M)}
    X = {f"X_{k}": np.stack([n, n % 3, np.full(len(n), k == "val")], axis=1).astype(float) for k, n in rows.items()}
    return X | {f"y_{k}": n % 3 for k, n in rows.items()}


def trained(impl: Any, model: Any, data: dict[str, np.ndarray], **options: Any) -> Any:
    """A solver that has done its work in silence."""
    solver = impl.Solver(model, data, **({"optim_config": {"learning_rate": 1.0}, "verbose": False} | options))
    solver.train()
    return solver


def follow(values: Sequence[int]) -> Plan:
    """A plan by a list, whose last entry stands for all that follow."""
    return Written(f"follow({[*values]})", lambda steps: values[min(steps, len(values) - 1)])


def rising(steps: int) -> int:
    """A plan that is better after each step."""
    return steps


def sizes(hard: bool) -> st.SearchStrategy[tuple[int, int, int, int]]:
    """Rows to train on and for validation, rows in a batch, and epochs: none only among hard ones."""
    return st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 9), count(hard, 3))


def right(hard: bool) -> st.SearchStrategy[list[int]]:
    """How many rows are right after so many steps; none of them only among hard ones."""
    return st.lists(count(hard, 5), min_size=1, max_size=20)


# ---- histories and the best parameters -------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_there_is_a_loss_for_every_step(impl, data, hard):
    """loss_history has one entry a step: max(N // batch_size, 1) steps an epoch, the loss before each of them."""
    N, M, batch_size, epochs = data.draw(sizes(hard))
    model = Planned(follow([0]), follow([0 if hard else 1]))
    solver = trained(impl, model, planned_data(N, M), batch_size=batch_size, num_epochs=epochs)
    steps = epochs * max(N // batch_size, 1)
    equal(solver.loss_history, [-float(t) for t in range(steps)])
    holds("Solver", len(model.batches) == steps, "another number of steps", len(model.batches), steps)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_accuracies_are_taken_after_the_first_step_and_after_every_epoch(impl, data, hard):
    """The accuracy histories have an entry for the first step and for every epoch, one where these fall together."""
    (N, M, batch_size, epochs), train, val = (data.draw(drawn(hard)) for drawn in (sizes, right, right))
    solver = trained(
        impl, Planned(follow(train), follow(val)), planned_data(N, M), batch_size=batch_size, num_epochs=epochs
    )
    per_epoch = max(N // batch_size, 1)
    checks = sorted({1, *(per_epoch * e for e in range(1, epochs + 1))}) if epochs else []
    # Every row counts, so an accuracy is a count divided by a size, rounded once.
    equal(solver.train_acc_history, [min(follow(train)(t), N) / N for t in checks])
    equal(solver.val_acc_history, [min(follow(val)(t), M) / M for t in checks])


@ORDINARY_AND_HARD
@given(data=st.data())
def test_the_best_parameters_end_in_the_model(impl, data, hard):
    """model.params ends as it was at the best validation accuracy, the earliest of equals; with no step, unchanged."""
    (N, M, batch_size, epochs), train, val = (data.draw(drawn(hard)) for drawn in (sizes, right, right))
    model = Planned(follow(train), follow(val))
    trained(impl, model, planned_data(N, M), batch_size=batch_size, num_epochs=epochs)
    per_epoch = max(N // batch_size, 1)
    checks = sorted({1, *(per_epoch * e for e in range(1, epochs + 1))}) if epochs else [0]
    best = max(checks, key=lambda t: min(follow(val)(t), M))  # the first of the largest
    holds("Solver", [*model.params] == ["steps"], "params of other names", str([*model.params]), "['steps']")
    judge("Solver", model.params["steps"], np.array([float(best)]), EXACT)


@pytest.mark.accuracy
def test_an_accuracy_stuck_at_zero_leaves_the_first_parameters(impl):
    """Where no validation row is ever right, the earliest parameters of all stay, and not none."""
    model = Planned(follow([0]), follow([0]))
    trained(impl, model, planned_data(6, 4), batch_size=2, num_epochs=3)
    judge("Solver", model.params["steps"], np.array([1.0]), EXACT)


@pytest.mark.parametrize(
    "rows",
    [*(pytest.param(n, marks=mathematics) for n in (1, 99, 101, 513)), pytest.param(1001, marks=pytest.mark.accuracy)],
)
def test_accuracies_cover_every_row(impl, rows):
    """Of any number of rows, exactly those that are wrong are missing from the accuracies, the last row included."""
    for wrong in (0, 1):
        model = Planned(follow([rows - wrong]), follow([rows + 1 - wrong]))
        solver = trained(impl, model, planned_data(rows, rows + 1), batch_size=rows, num_epochs=1)
        equal(solver.train_acc_history, [(rows - wrong) / rows])
        equal(solver.val_acc_history, [(rows + 1 - wrong) / (rows + 1)])


# ---- steps -----------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(N=st.integers(1, 7), batch_size=st.integers(1, 9), epochs=st.integers(1, 4), data=st.data())
def test_the_learning_rate_decays_after_every_epoch(impl, N, batch_size, epochs, data, hard):
    """lr_decay multiplies the learning rate once an epoch: with ½, every step of epoch e is 2⁻ᵉ of the first."""
    rate, decay = data.draw(st.sampled_from([(1.0, 0.5), *([(1.0, 0.0), (0.0, 0.5), (0.0, 0.0)] if hard else [])]))
    model = Planned(follow([0]), rising)  # ever better, so that the last parameters are the best
    trained(
        impl,
        model,
        planned_data(N, 30),
        batch_size=batch_size,
        num_epochs=epochs,
        lr_decay=decay,
        optim_config={"learning_rate": rate},
    )
    exact = max(N // batch_size, 1) * rate * sum(decay**e for e in range(epochs))
    judge("Solver", model.params["steps"], np.array([exact]), EXACT)


class Linear:
    """A model whose gradients are fixed: each of its two parameters has its own."""

    IMPORTED = IMPORTED

    def __init__(self) -> None:
        self.params = {"w": np.array([1.0, -2.0]), "b": np.array([[0.5]])}
        self.gradients = {"w": np.array([0.25, 3.0]), "b": np.array([[-1.0]])}
        self.correct = 0

    def __repr__(self) -> str:
        return "Linear()"

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Scores that are right for one row more each time; or a loss and the gradients."""
        if y is not None:
            self.correct += 1
            return 0.0, {name: g.copy() for name, g in self.gradients.items()}
        return np.eye(2)[np.where(np.asarray(X)[:, 0] < self.correct, 0, 1)]


@mathematics
@pytest.mark.parametrize("rule", DEFAULTS)
@pytest.mark.parametrize("config", [{}, {"learning_rate": 0.125}], ids=["defaults", "own rate"])
def test_every_parameter_is_updated_by_the_rule_with_a_state_of_its_own(impl, rule, config):
    """After each epoch of one step, every parameter is where the update rule takes it, from its own config."""
    model, start, epochs = Linear(), Linear().params, 5
    data = {"X_train": np.arange(8.0)[:, None], "y_train": np.zeros(8, int)}
    data |= {"X_val": data["X_train"], "y_val": data["y_train"]}
    trained(impl, model, data, update_rule=rule, optim_config=config, batch_size=8, num_epochs=epochs)
    for name, value in start.items():
        (exact,), (gradient,) = carried(value), carried(model.gradients[name])
        steps = Rule(rule, exact, config)
        for _ in range(epochs):
            exact = steps.step(exact, gradient)
        got = model.params[name]
        alone = by_itself(impl, rule, value, model.gradients[name], config, epochs) if impl.offers(rule) else None
        if alone is not None and np.array_equal(got, alone):
            judge(rule, got, *exact.answer, parameter=name)  # what is wrong is wrong without a solver, too
        judge("Solver", got, *exact.answer, rule=rule, parameter=name)


def by_itself(impl: Any, rule: str, w: np.ndarray, dw: np.ndarray, config: dict | None, steps: int) -> Any:
    """Where the rule takes w in so many steps."""
    for _ in range(steps):
        w, config = getattr(impl, rule)(w, dw, config)
    return w


@mathematics
@given(N=st.integers(1, 12), batch_size=st.integers(1, 14))
def test_a_batch_is_rows_of_the_data_with_their_own_labels(impl, N, batch_size):
    """Every batch holds batch_size rows of the training data, each with its label."""
    model, data = Planned(follow([0]), follow([1])), planned_data(N, 1)
    trained(impl, model, data, batch_size=batch_size, num_epochs=2)
    for X, y in model.batches:
        numbers = X[:, 0].astype(int)
        size = len(y) == batch_size or (0 < len(y) <= batch_size and batch_size > N)
        holds("Solver", size, f"a batch of {len(y)} rows, where batch_size is {batch_size}", len(y), batch_size)
        equal(X, data["X_train"][numbers])
        equal(y, data["y_train"][numbers])


@interface
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("sample", [(2, 3), (3, 1, 2)], ids=str)
def test_rows_may_be_images(impl, sample, order):
    """X_train and X_val of shape (N, ...), in any order of memory, reach the model as their rows do, or flattened."""
    data = planned_data(7, 5)
    flat = {part: np.hstack([data[part], 10.0 * data[part] + 7]) for part in ("X_train", "X_val")}
    images = {part: np.array(rows.reshape(len(rows), *sample), order=order) for part, rows in flat.items()}
    model = Planned(follow([0, 4]), follow([3]))
    solver = trained(impl, model, data | images, batch_size=3, num_epochs=2)
    for X, y in model.batches:
        rows = X.reshape(len(y), -1)
        numbers = np.clip(rows[:, 0].astype(int), 0, 6)
        equal(rows, flat["X_train"][numbers])
        equal(y, data["y_train"][numbers])
    equal(solver.train_acc_history, [4 / 7] * 3)
    equal(solver.val_acc_history, [3 / 5] * 3)


@mathematics
def test_batches_reach_every_row(impl):
    """In 100 batches of two out of five rows, drawn at random, every row turns up (but for one run in 10²⁰)."""
    model = Planned(follow([0]), follow([1]))
    trained(impl, model, planned_data(5, 1), batch_size=2, num_epochs=50)
    drawn = sorted({int(number) for X, _ in model.batches for number in X[:, 0]})
    holds("Solver", drawn == [*range(5)], "rows that are never in a batch", drawn, str([*range(5)]))


# ---- seeds, silence, and what is left alone --------------------------------------------------------------------------


def batches(impl: Any, seed: int | None) -> list[list[float]]:
    """The rows of each batch."""
    model = Planned(follow([0]), follow([0]))
    trained(impl, model, planned_data(60, 1), batch_size=3, num_epochs=1, seed=seed)
    return [X[:, 0].tolist() for X, _ in model.batches]


@interface
def test_the_same_seed_is_the_same_run(impl):
    """The same seed draws the same batches, another one or none others; NumPy's global seed has no say."""
    for seed in (5, 0):
        first = batches(impl, seed)
        holds("Solver", first == batches(impl, seed), "other batches for the same seed", first, "the same")
        other = batches(impl, 6)
        holds("Solver", first != other, "the same batches for another seed", other, "others")
    everybodys = np.random.get_state()  # noqa: NPY002
    first = batches(impl, None)
    np.random.set_state(everybodys)  # noqa: NPY002
    other = batches(impl, None)
    holds("Solver", first != other, "the same batches without a seed", other, "others")


@interface
def test_a_whole_training_run_repeats_to_the_last_bit(impl):
    """The same seeds for net and solver give the same losses, accuracies and parameters."""
    runs = []
    for _ in range(2):
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((40, 6)), rng.integers(0, 3, 40)
        data = {"X_train": X[:30], "y_train": y[:30], "X_val": X[30:], "y_val": y[30:]}
        model = impl.FullyConnectedNet([8, 8], input_dim=6, num_classes=3, reg=0.1, weight_scale=0.3, seed=1)
        solver = trained(impl, model, data, update_rule="adam", optim_config=None, batch_size=7, num_epochs=4, seed=2)
        runs.append((solver, model))
    (a, first), (b, second) = runs
    equal(b.loss_history, a.loss_history)
    equal(b.train_acc_history, a.train_acc_history)
    equal(b.val_acc_history, a.val_acc_history)
    for name, value in first.params.items():
        equal(second.params[name], value)


@interface
def test_a_model_may_train_another(impl):
    """A solver in the midst of whose steps another one trains has the batches and the accuracies that it has alone."""

    class Training(Planned):
        def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
            trained(impl, Planned(follow([0]), follow([2])), planned_data(9, 4), batch_size=2, num_epochs=1, seed=5)
            return super().loss(X, y)

    models = [kind(follow([2, 0]), follow([1, 0])) for kind in (Planned, Training)]
    alone, beside = [
        trained(impl, model, planned_data(7, 5), batch_size=3, num_epochs=2, lr_decay=0.5, seed=5) for model in models
    ]
    for name in ("loss_history", "train_acc_history", "val_acc_history"):
        equal(getattr(beside, name), getattr(alone, name))
    for (X, y), (own_X, own_y) in zip(models[1].batches, models[0].batches, strict=True):
        equal(X, own_X)
        equal(y, own_y)
    equal(models[1].params["steps"], models[0].params["steps"])


@interface
@pytest.mark.parametrize("rule", DEFAULTS)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in turn", "the last first"])
def test_solvers_know_nothing_of_each_other(impl, rule, order):
    """Two solvers made before either has trained do what each does alone, with its own batches, rates and state."""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((14, 3)), rng.integers(0, 2, 14)
    data = {"X_train": X[:9], "y_train": y[:9], "X_val": X[9:], "y_val": y[9:]}
    config: dict[str, float] = {"learning_rate": 0.25}

    def made(seed: int) -> tuple[Any, Any]:
        model = impl.FullyConnectedNet([4], input_dim=3, num_classes=2, weight_scale=0.5, seed=seed)
        options = {"lr_decay": 0.5, "batch_size": 4, "num_epochs": 3, "seed": seed}
        return model, impl.Solver(model, data, rule, config, verbose=False, **options)

    alone = []
    for seed in (0, 1):
        alone.append(made(seed))
        alone[-1][1].train()
    together = [made(seed) for seed in (0, 1)]
    for each in order:
        together[each][1].train()
    for (model, solver), (expected, trained_alone) in zip(together, alone, strict=True):
        equal(solver.loss_history, trained_alone.loss_history)
        for name, value in expected.params.items():
            equal(model.params[name], value)
    seen.unchanged("Solver")


@interface
def test_verbose_is_all_that_speaks(impl, capfd):
    """verbose=False prints nothing at all; with verbose=True the losses and accuracies are the same."""
    silent = trained(impl, Planned(follow([1]), follow([2])), planned_data(5, 3), batch_size=2, num_epochs=2)
    printed = "".join(capfd.readouterr())
    holds("Solver", not printed, "verbose=False prints", repr(printed[:80]), "nothing")
    loud = trained(
        impl,
        Planned(follow([1]), follow([2])),
        planned_data(5, 3),
        batch_size=2,
        num_epochs=2,
        verbose=True,
        print_every=1,
    )
    equal(loud.loss_history, silent.loss_history)
    equal(loud.val_acc_history, silent.val_acc_history)


@interface
def test_training_tells_of_itself_unless_it_is_told_not_to(impl, capfd):
    """verbose is True where nothing is said, and then something is printed."""
    impl.Solver(Planned(follow([1]), follow([2])), planned_data(5, 3), num_epochs=1).train()
    holds("Solver", "".join(capfd.readouterr()), "nothing is printed", "nothing", "a line at least")


@interface
def test_data_and_optim_config_are_left_alone(impl):
    """Training changes neither the data, nor the dict that holds it, nor optim_config; the arrays may be read-only."""
    data = planned_data(7, 4)
    for value in data.values():
        value.flags.writeable = False
    before, config = dict(data), {"learning_rate": 1.0, "momentum": 0.5, "velocity": np.zeros(1)}
    kept = dict(config)
    model = Planned(follow([0]), follow([0]))
    trained(
        impl.raw, model, data, update_rule="sgd_momentum", optim_config=config, lr_decay=0.5, batch_size=3, num_epochs=2
    )
    for name, held, was in (("data", data, before), ("optim_config", config, kept)):
        as_it_was = held.keys() == was.keys() and all(held[key] is was[key] for key in was)
        holds("Solver", as_it_was, f"Solver changes its input {name}", held, shown.alone(was), "changed")
    untouched("Solver", "optim_config", config["velocity"], [0.0])


@interface
def test_nothing_happens_in_no_epochs(impl):
    """With num_epochs=0 there is no step, no history, and the parameters stay as they are."""
    model = Planned(follow([1]), follow([1]))
    solver = trained(impl, model, planned_data(3, 2), num_epochs=0)
    for name in ("loss_history", "train_acc_history", "val_acc_history"):
        history = list(getattr(solver, name))
        holds("Solver", not history, f"without a step {name} has entries", history, "[]")
    equal(model.params["steps"], [0.0])


@interface
def test_without_validation_data_an_accuracy_is_nan(impl):
    """An accuracy over no rows is NaN, without a warning, and the parameters are still there after training."""
    model = Planned(follow([1]), follow([1]))
    solver = trained(impl, model, planned_data(4, 0), batch_size=2, num_epochs=2)
    history = list(solver.val_acc_history)
    holds("Solver", all(map(math.isnan, history)), "an accuracy over no rows is a number", history, "NaN")
    holds("Solver", model.params["steps"].shape == (1,), "no parameters are left", model.params["steps"], "one number")


@interface
def test_an_unknown_rule_and_labels_that_are_missing_are_refused(impl):
    """An update_rule that is none is a ValueError about it; labels that are not one a row are one about the data."""
    model, data = Planned(follow([0]), follow([0])), planned_data(3, 2)
    with refuses("an unknown update_rule", ValueError, "update_rule"):
        impl.Solver(model, data, update_rule="steepest")
    for name in ("y_train", "y_val"):
        for labels in (data[name][1:], np.append(data[name], 0), data[name][:, None], data[name][:1], data[name][0]):
            with refuses("labels that are not one a row", ValueError, name, name.replace("y", "X"), "data"):
                impl.Solver(model, data | {name: labels})


@mathematics
def test_default_batches_are_of_a_hundred_for_ten_epochs(impl):
    """Without being told, training takes ten epochs of batches of 100 by sgd with a learning rate of 1e-2."""
    model = Planned(follow([0]), follow([1]))
    solver = impl.Solver(model, planned_data(250, 1), verbose=False)
    solver.train()
    holds("Solver", len(solver.loss_history) == 20, "another number of steps", len(solver.loss_history), 20)
    rows = sorted({len(y) for _, y in model.batches})
    holds("Solver", rows == [100], "batches of another size", rows, "[100]")
    (exact,) = carried(np.zeros(1))
    judge("Solver", model.params["steps"], *(exact + constant(np.array([1e-2]))).answer)
