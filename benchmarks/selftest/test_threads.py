"""`impl` on several threads: as accurate on any number of them, and the same bits each time, whoever is at work."""

import os
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import shrinkage
from shrinkage._kernels import mixed, parallel
from shrinkage.benchmarks.cases import inputs
from shrinkage.benchmarks.cases.bound import backward, loss_and_gradients
from shrinkage.benchmarks.cases.case import Case, regression_size
from shrinkage.benchmarks.references import error_over_bound, parts
from shrinkage.nets import layers
from shrinkage.ridge_regression import auto


def _case(function: str, build: Any, dtype: Any = np.float64, bind: Any = None, **sizes: int) -> Case:
    options = {"dtype": dtype} | ({"bind": bind} if bind else {})
    return Case(function, "x".join(map(str, sizes.values())), sizes, build, lambda **_: 0, regression_size, **options)


def _refined(implementation: Any, name: str, arguments: tuple[Any, ...]) -> Callable[[], Any]:
    return lambda: getattr(implementation, name)(*arguments, refine=True)


CASES = [
    _case("ridge", inputs.regression, n=701, d=9),
    _case("ridge", inputs.regression, n=10, d=650),
    _case("ridge", inputs.regression, np.float32, n=400, d=6),
    _case("ridge", inputs.regression, np.float32, n=5, d=400),
    _case("ridge", inputs.regression_of_several_targets, n=640, d=7, k=3),
    _case("ridge", inputs.regression_of_several_targets, n=6, d=700, k=3),
    _case("lstsq", inputs.system, m=500, n=21),
    _case("lstsq", inputs.system, m=21, n=500),
    _case("lstsq", inputs.system, np.float64, _refined, m=500, n=21),
    _case("lstsq", inputs.system, np.float32, m=500, n=21),
    _case("ridge_batch", inputs.batch, b=150, n=6, d=4),
    _case("ridge_batch", inputs.batch, np.float32, b=150, n=4, d=6),
    _case("ridge_loo", inputs.regression_and_grid, n=600, d=8, L=3),
    _case("ridge_loo", inputs.regression_and_grid, n=8, d=600, L=3),
    _case("FullyConnectedNet", inputs.network_batch, np.float64, loss_and_gradients, N=9, D=7, H1=6, H2=4, C=3),
    _case("FullyConnectedNet", inputs.network_batch, np.float32, loss_and_gradients, N=2, D=3, H=70, C=5),
    _case("softmax_loss", inputs.scores, N=11, C=6),
    _case("softmax_loss", inputs.scores, np.float32, N=2, C=9),
    _case("svm_loss", inputs.scores, N=11, C=6),
    _case("relu_forward", inputs.vector, n=200),
    _case("relu_backward", inputs.two_vectors, np.float32, backward, n=200),
    _case("affine_forward", inputs.layer, N=4, D=3, M=5),
    _case("affine_relu_forward", inputs.layer, N=7, D=3, M=5),
    _case("affine_backward", inputs.layer_backward, np.float64, backward, N=4, D=7, M=5),
    _case("affine_relu_backward", inputs.layer_backward, np.float64, backward, N=7, D=4, M=5),
    _case("adam", inputs.update_with_moments, n=200),
]


@pytest.fixture(params=["float64", "float32"])
def split(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever can be split is, however small; and factored in float64, or in float32 where data are float64."""
    monkeypatch.setattr(parallel, "HANDOVER", 0.0)
    monkeypatch.setattr(parallel, "_SMALL", 0)
    monkeypatch.setattr(auto, "LARGEST", 0)
    monkeypatch.setattr(layers, "NEVER_SPLIT", 0)
    if request.param == "float32":
        monkeypatch.setattr(mixed, "_SMALLEST", 1)


def _call(case: Case) -> Callable[[], Any]:
    return case.call(shrinkage, case.arguments())  # type: ignore[arg-type]  # a module has what an implementation has


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case}-{np.dtype(case.dtype)}")
def test_as_accurate_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch, case: Case, threads: int) -> None:
    """More than there are cores, too; and the same bits again."""
    monkeypatch.setenv("SHRINKAGE_NUM_THREADS", str(threads))
    call = _call(case)
    result = call()
    assert error_over_bound(case, result) <= 1
    assert all(_equal(case, call(), result) for _ in range(3))


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_the_mean_of_losses_is_a_number_where_their_sum_is_none(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Four losses of 1e308, each from a score of that size at the wrong class."""
    monkeypatch.setenv("SHRINKAGE_NUM_THREADS", str(threads))
    net = shrinkage.FullyConnectedNet([], 1, 2)
    net.params["W1"] = np.array([[1e154, 0.0]])
    loss, gradients = net.loss(np.full((4, 1), 1e154), np.ones(4, int))
    # A product, the logarithm's sum, three additions and a division: γ₇, Higham (2002), §3.1.
    u = Fraction(1, 2**53)
    assert abs(Fraction(float(loss)) / Fraction(1e154) ** 2 - 1) <= 7 * u / (1 - 7 * u)
    assert gradients["W1"].tolist() == [[1e154, -1e154]]


def _equal(case: Case, a: Any, b: Any) -> bool:
    return all(np.array_equal(*pair) for pair in zip(parts(case, a, None), parts(case, b, None), strict=True))


def _at_once(call: Callable[[], Any]) -> list[Any]:
    """What eight threads get that begin together."""
    begin, results = threading.Barrier(8), list[Any]()

    def calls() -> None:
        begin.wait()
        results.extend(call() for _ in range(40))

    threads = [threading.Thread(target=calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[6], CASES[10], CASES[12]], ids=str)
def test_calls_at_once_have_the_bits_of_one(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    """Help comes to one of them at a time, and the answer does not depend on it; BLAS is left as it was."""
    monkeypatch.setenv("SHRINKAGE_NUM_THREADS", "3")
    before, call = parallel.one_thread_each.get(), _call(case)
    alone, together = call(), _at_once(call)
    assert len(together) == 8 * 40
    assert all(_equal(case, alone, result) for result in together)
    assert parallel.one_thread_each.get() == before


@pytest.mark.usefixtures("split")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_works_in_a_process_forked_while_helpers_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helpers stay behind, and are made anew."""
    monkeypatch.setenv("SHRINKAGE_NUM_THREADS", "3")
    call = _call(CASES[0])
    result, child = call(), os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(call(), result) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize("scheduler", ["dask", "joblib"])
def test_the_same_under_a_scheduler_of_threads(monkeypatch: pytest.MonkeyPatch, scheduler: str) -> None:
    """Their workers are callers like any others."""
    library = pytest.importorskip(scheduler)
    monkeypatch.setenv("SHRINKAGE_NUM_THREADS", "2")
    call = _call(CASES[0])
    result = call()
    if scheduler == "dask":
        results = library.compute(*[library.delayed(call, pure=False)() for _ in range(20)], scheduler="threads")
    else:
        results = library.Parallel(n_jobs=4, backend="threading")(library.delayed(call)() for _ in range(20))
    assert all(np.array_equal(result, other) for other in results)


def test_as_many_threads_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """threadpoolctl's limit holds, and what the environment says overrides it; small work is never split."""
    threadpoolctl = pytest.importorskip("threadpoolctl")
    monkeypatch.delenv("SHRINKAGE_NUM_THREADS", raising=False)
    with threadpoolctl.threadpool_limits(1):
        assert parallel.usable() == 1
        monkeypatch.setenv("SHRINKAGE_NUM_THREADS", "3")
        assert (parallel.workers(1e12), parallel.workers(1e4)) == (3, 1)
    monkeypatch.setenv("SHRINKAGE_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="SHRINKAGE_NUM_THREADS must be an integer ≥ 1, not 'many'"):
        parallel.usable()
