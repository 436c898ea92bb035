"""`--estimator`: classes of fit and coef_ under the contract's names."""

import re
import sys

import numpy as np
import pytest
from hypothesis import settings

from shrinkage.loader import Choice, Implementation, NotOffered, WrongChoice, load
from shrinkage.properties import test_estimators as claims
from shrinkage.properties.engine.account import seen
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.settings import under
from shrinkage.properties.selftest.own_pytest import own_python

pytestmark = pytest.mark.power

CLASSES = """
import numpy as np

class Centred:
    def __init__(self, reg=1.0):
        self.reg = reg

    def fit(self, X, y):
        Xc, yc = X - X.mean(0), y - y.mean()
        self.w = np.linalg.solve(Xc.T @ Xc + self.reg * np.eye(X.shape[1]), Xc.T @ yc)
        self.b = y.mean() - X.mean(0) @ self.w
        return self

    def predict(self, X):
        return X @ self.w + self.b

class Plain:
    factor = 1

    def __init__(self, lam):
        self.lam = lam

    def fit(self, X, y):
        U, s, Vt = np.linalg.svd(X, full_matrices=False)
        self.coef_ = Vt.T @ ((s / (s * s + self.factor * self.lam)) * (U.T @ y).T).T
        return self

    def predict(self, X):
        return X @ self.coef_

class Mean(Plain):
    def fit(self, X, y):
        self.factor = len(X)
        return super().fit(X, y)

class Twice(Plain):
    factor = 2

class Inverse(Plain):
    def __init__(self, C=1.0):
        super().__init__(1 / C)

class Lamda(Plain):
    def __init__(self, lamda=1.0):
        super().__init__(lamda)

class Shrunk(Plain):
    def __init__(self, steps=3, strength=1.0):
        super().__init__(strength)

class Later(Plain):
    def __init__(self):
        pass

    def fit(self, X, y, alpha=1.0):
        self.lam = alpha
        return super().fit(X, y)

class Squares:
    def fit(self, X, y):
        if y.ndim > 1:
            raise ValueError("one target")
        self.coef = np.linalg.lstsq(X, y)[0]

class Weightless:
    def fit(self, X, y):
        return self

def ridge(X, y, lam):
    raise NotImplementedError
"""
X = np.array([[1.0, 0.5], [2.0, -1.0], [0.0, 3.0], [1.0, 1.0]])
Y = np.array([[1.0, 5.0], [4.0, 2.0], [-2.0, 3.0], [7.0, 1.0]])


def exact(lam: float, y: np.ndarray = Y) -> np.ndarray:
    """The solution of ridge regression."""
    return np.linalg.solve(X.T @ X + lam * np.eye(2), X.T @ y)


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Loads an estimator of the classes above."""
    path = tmp_path / "given_classes.py"
    path.write_text(CLASSES)
    monkeypatch.delitem(sys.modules, path.stem, raising=False)

    def loaded(said: str, penalty: str = "sum", names: tuple[str, ...] = ()) -> Implementation:
        files = tuple(str(path) for _ in names)
        return load(Choice(files, estimators=(said if names else f"{path}:{said}",), penalty=penalty))

    return loaded


@pytest.mark.parametrize(
    ("said", "penalty"),
    [
        ("Plain", "sum"),
        ("Plain(lam)", "sum"),
        ("Plain(lam=lam)", "sum"),
        ("Lamda", "sum"),
        ("Shrunk(strength=lam)", "sum"),
        ("Mean", "mean"),
        ("Mean(lam / len(X))", "sum"),
        ("Twice(lam=lam / 2)", "sum"),
        ("Inverse(C=1 / lam)", "sum"),
    ],
)
def test_a_class_with_a_penalty_is_ridge(given, said, penalty):
    """Whatever λ is called there and is a multiple of, of one target and of several."""
    implementation = given(said, penalty)
    assert implementation.offered == ["ridge"]
    assert np.allclose(implementation.ridge(X, Y, 0.5), exact(0.5))
    assert np.allclose(implementation.ridge(X, Y[:, 0], np.array(3)), exact(3, Y[:, 0]))
    assert [note for note in implementation.notes if not note.startswith("ridge is ")] == []


def test_a_class_without_a_penalty_is_least_squares(given):
    """One target after the other, where it takes no more at once; rcond is not its own."""
    implementation = given("Squares")
    assert implementation.offered == ["lstsq"]
    assert np.allclose(implementation.lstsq(X, Y), exact(0))
    with pytest.raises(NotOffered, match="rcond"):
        implementation.lstsq(X, Y, 0.1)


def test_a_class_without_a_module_is_one_sentence():
    """Where no file is judged that might have it."""
    with pytest.raises(WrongChoice, match=r"names no module: say whose it is, as in --estimator mine\.py:Plain\.$"):
        load(Choice((), estimators=("Plain",)))


def test_a_class_is_found_in_the_file_that_is_judged(given):
    """Where no module is named; what is fitted there is told."""
    implementation = given("Plain", names=("file",))
    assert implementation.offered == ["ridge"]
    assert np.allclose(implementation.ridge(X, Y, 2.0), exact(2.0))
    assert "ridge is Plain(lam=lam)." in implementation.notes


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("Mean", "has its penalty on the mean of the squares: add --penalty mean."),
        ("Twice", "solves ridge regression with lam / 2 for lam: say so in --estimator."),
        ("Inverse(C=0.5 / lam)", "solves ridge regression with lam / 2 for lam: say so in --estimator."),
    ],
)
def test_another_penalty_is_recognised(given, said, note):
    """It is judged as it was said, and what would make it right is said beside the verdict."""
    implementation = given(said)
    assert not np.allclose(implementation.ridge(X, Y, 0.5), exact(0.5))
    assert implementation.notes[-1].endswith(note)


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("Shrunk", "strength is λ there: judge it by --estimator '{}:Shrunk(strength=lam)'."),
        ("Shrunk(steps=2)", "strength is λ there: judge it by --estimator '{}:Shrunk(steps=2, strength=lam)'."),
        (
            "Later()",
            "fit takes alpha, which it is not given here: say how, as in --as "
            "'ridge=Later().fit(X, y, alpha=lam).coef_'.",
        ),
        ("Squares", ""),
    ],
)
def test_a_penalty_under_another_name_is_found(given, tmp_path, said, note):
    """By what it does: as least squares it would be wrong, and nobody would know why."""
    implementation = given(said)
    assert implementation.offered == ["lstsq"]
    told = [each for each in implementation.notes if not each.startswith("lstsq is ")]
    assert told == [note.format(tmp_path / "given_classes.py")] * bool(note)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("", r"names no class: say which, as in --estimator .*given_classes\.py:Ridge\.$"),
        ("Nothing", "speaks of Nothing, which is neither in given_classes"),
        ("Nope", r"\(X, y, lam, lams\)\.$"),  # and not: did you mean np?
        ("Plain(", r"is no Python: '\(' was never closed"),
        ("Plain(3)", r"say how lam follows from λ, as in --estimator '.*:Plain\(lam=lam\)'"),
        ("Inverse", r"say how C follows from λ, as in --estimator '.*:Inverse\(C=1 / lam\)'"),
        ("Weightless", "cannot be fitted to five samples: AttributeError: it has neither coef_ nor coef"),
        ("ridge", "cannot be fitted to five samples: "),
    ],
)
def test_what_is_no_estimator_is_one_sentence(given, said, sentence):
    """With what to say instead, where that is known."""
    with pytest.raises(WrongChoice, match=sentence) as caught:
        given(said)
    assert "\n" not in str(caught.value)


def test_what_it_refuses_it_refuses_in_its_own_words(given):
    """And in the contract's: a claim asks for the argument's name, which is another one there."""
    with pytest.raises(ValueError, match=r"\(as lstsq\(X, y, rcond=None, refine=None\)\)$"):
        given("Squares").lstsq(X, Y[:3, 0])


def test_one_of_the_class_is_made_for_the_claims(given):
    """With the coefficients in the contract's shape, predictions, and whether fit handed back itself."""
    one = given("Plain").new_estimator(lam=1.0)
    assert one.fit(X, Y) is True
    assert np.array_equal(one.predict(X), X @ one.coef)
    assert given("Squares").new_estimator().fit(X, Y[:, 0]) is False
    with pytest.raises(NotOffered):
        _ = load(["numpy"]).new_estimator


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, ("mine.py:Plain",)),
        (0, ("mine.py:Mean", "--penalty", "mean", "--isolate")),
        (1, ("mine.py:Mean",)),
        (1, ("mine.py:Mean", "--isolate")),
    ],
)
def test_a_run_judges_a_class(tmp_path, code, said):
    """Claims of the contract and of estimators; a wrong class is refuted, and said to be right with another penalty."""
    (tmp_path / "mine.py").write_text(CLASSES)
    options = ("-k", "minimises or predict_is", "-m", "mathematics", "--profile", "quick", "-n", "0")
    found, output = own_python(tmp_path, "-m", "shrinkage", "judge", "--estimator", *said, *options)
    assert found == code, output
    assert f"{said[0]} offers 1 of " in output
    assert re.search(r"^ *ridge is (Plain|Mean)\(lam=lam(/n)?\)\.$", output, re.M), output
    assert ("add --penalty mean" in output) is bool(code)


# ---- what the claims of estimators find ------------------------------------------------------------------------------

WRONG = (
    CLASSES
    + """
class ReturnsNothing(Plain):
    def fit(self, X, y):
        super().fit(X, y)

class StartsWhereItWas(Plain):
    def fit(self, X, y):
        before = getattr(self, "coef_", None)
        super().fit(X, y)
        if before is not None and before.shape == self.coef_.shape:
            self.coef_ = self.coef_ + 1e-9 * before
        return self

class LeavesOutTheIntercept(Centred):
    def predict(self, X):
        return X @ self.w

class HearsNoWeights(Plain):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)

class HasOnePenalty(Plain):
    def fit(self, X, y):
        self.lam = np.ravel(self.lam)[0]
        return super().fit(X, y)

class DropsTheLastSample(Plain):
    def fit(self, X, y):
        rows = X if isinstance(X, np.ndarray) else X.toarray()[:-1]
        return super().fit(rows, y[: len(rows)])

class ChoosesTheLargest:
    def __init__(self, lams=(1.0,), fit_intercept=False):
        self.lams = lams

    def fit(self, X, y):
        self.alpha_, self.coef_ = max(self.lams), np.zeros(X.shape[1])
        return self
"""
)


@pytest.mark.parametrize(
    ("said", "claim", "function"),
    [
        ("ReturnsNothing", claims.test_fit_hands_back_the_estimator, "ridge"),
        ("StartsWhereItWas", claims.test_another_fit_forgets_the_one_before, "ridge"),
        ("LeavesOutTheIntercept", claims.test_predict_is_the_product_and_the_intercept, "ridge_intercept"),
        ("HearsNoWeights", claims.test_weights_of_samples_are_repeated_samples, ""),
        ("HasOnePenalty", claims.test_each_target_has_its_own_penalty, ""),
        ("DropsTheLastSample", claims.test_sparse_data_is_the_same_data, ""),
        ("ChoosesTheLargest", claims.test_the_penalty_chosen_has_the_least_error_of_leave_one_out, "ridge_loo"),
    ],
)
def test_each_claim_of_estimators_refutes_its_mistake(tmp_path, monkeypatch, said, claim, function):
    """And none of them what is right, where that can be asked."""
    path = tmp_path / "given_wrong.py"
    path.write_text(WRONG)
    monkeypatch.delitem(sys.modules, path.stem, raising=False)
    few = under(claim, settings(max_examples=50, database=None, derandomize=True))

    def asked(name: str) -> None:
        implementation = load(Choice((), estimators=(f"{path}:{name}",)))
        given = {"function": function} if function else {}
        try:
            few(impl=Judged(implementation), estimator=implementation.new_estimator, **given)
        finally:
            seen.begin()  # what is judged here is not what this run is about

    with pytest.raises(AssertionError):
        asked(said)
    if said in ("ReturnsNothing", "StartsWhereItWas"):
        asked("Plain")


# ---- scikit-learn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        ("Ridge", {"ridge", "ridge_svd", "ridge_intercept"}),
        ('Ridge(solver="cholesky")', {"ridge", "ridge_intercept"}),
        ("Ridge(fit_intercept=False)", {"ridge", "ridge_svd"}),
        ("LinearRegression", {"lstsq", "ridge_intercept"}),
        ("RidgeCV", {"ridge_loo", "ridge_intercept_loo"}),
    ],
)
def test_what_scikit_learn_has_is_found(said, offered):
    """The switch of the intercept, the solver by the singular values, and the errors of leave-one-out."""
    pytest.importorskip("sklearn")
    assert {*load(Choice((), estimators=(f"sklearn.linear_model:{said}",))).offered} == offered


def test_scikit_learns_cut_off_is_rcond():
    """LinearRegression calls it tol."""
    pytest.importorskip("sklearn")
    lstsq = load(Choice((), estimators=("sklearn.linear_model:LinearRegression",))).lstsq
    assert np.array_equal(lstsq(np.diag([4.0, 1.0]), np.ones(2), 0.5), [0.25, 0.0])
    small, exact = np.diag([1.0, 1e-9]), "LinearRegression(tol=max(X.shape) * np.finfo(X.dtype).eps)"
    assert lstsq(small, np.ones(2))[1] == 0
    told = load(Choice((), estimators=(f"sklearn.linear_model:{exact}",))).lstsq
    assert np.allclose(told(small, np.ones(2)), [1, 1e9])


def test_a_lasso_is_no_ridge():
    """Nor is there a multiple of λ with which it would be one."""
    pytest.importorskip("sklearn")
    lasso = load(Choice((), estimators=("sklearn.linear_model:Lasso",)))
    assert [note for note in lasso.notes if "ridge regression" in note or "mean" in note] == []
    assert not np.allclose(lasso.ridge(X, Y, 0.5), exact(0.5))
