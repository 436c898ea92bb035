"""Functions over Dask's arrays on a cluster that loses its workers."""

import os
import secrets
import signal
import time

import numpy as np
import pytest

from shrinkage.properties.test_dask import problem

pytestmark = pytest.mark.power

LOSSES = 10  # of a worker, in a row


def slowly(a: np.ndarray) -> np.ndarray:
    """A chunk, after a while in which its worker can be killed."""
    time.sleep(0.02)
    return a


def test_a_worker_that_is_killed_costs_no_answer():
    """Of two processes one is killed while they work, at ten random moments: ten answers, to the bit."""
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    from dask import array as da

    from shrinkage import dask as chunked

    X, y = problem(400)
    A = da.from_array(X, chunks=(20, -1)).map_blocks(slowly, dtype=float)  # read twice, 0.8 s of sleep
    made = chunked.ridge_loo(A, da.from_array(y, chunks=20), [0.1, 3.0])
    expected = made.compute(scheduler="synchronous")
    seed, killed = secrets.randbits(32), set[int]()
    rng = np.random.default_rng(seed)
    settings = {
        "distributed.scheduler.allowed-failures": 100,
        "distributed.comm.retry.count": 3,
        # A cluster closes for good what is not back at that moment, though it be after the next loss and on its way.
        "distributed.deploy.lost-worker-timeout": "1h",
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        for moment in rng.uniform(0, 0.3, LOSSES):
            future = client.compute(made)
            time.sleep(moment)
            while not (alive := sorted({worker.pid for worker in cluster.workers.values()} - killed - {None})):
                time.sleep(0.01)  # the one that was left is still being started again
            assert not future.done()
            killed.add(victim := int(rng.choice(alive)))
            os.kill(victim, signal.SIGKILL)
            assert np.array_equal(future.result(timeout=120), expected), f"seed {seed}, loss {len(killed)}"
