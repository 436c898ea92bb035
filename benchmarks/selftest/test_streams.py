"""Streams give the same bits in whatever way the processor at hand has them fastest, and to however many threads."""

import subprocess
import sys
from pathlib import Path

import pytest

STREAMED = """
import hashlib, sys
import numpy as np
import shrinkage as impl
from shrinkage._kernels import stream as _stream
from shrinkage._kernels import parallel
_stream._PAYS = sys.argv[1] == "ask"  # before anything is compiled
_stream._KEPT = 0 if sys.argv[1] == "write past" else 1 << 62
parallel.HANDOVER = 0
rng = np.random.default_rng(0)
answers = []
for n in (1, 63, 64, 65, 1000):
    x, d = rng.standard_normal(n), rng.standard_normal(n)
    out, cache = impl.relu_forward(x)
    answers += [out, impl.relu_backward(d, cache)]
    for rule in (impl.sgd, impl.sgd_momentum, impl.rmsprop, impl.adam):
        w, config = rule(x, d)
        answers += [w, rule(w, d, config)[0]]
print(hashlib.sha256(b"".join(a.tobytes() for a in answers)).hexdigest())
"""


def test_how_memory_is_gone_through_changes_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ReLU and the update rules, of fewer entries than a block, of a block, and of many, compiled in all ways."""

    def bits(way: str, threads: int) -> str:
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / way))
        monkeypatch.setenv("SHRINKAGE_NUM_THREADS", str(threads))
        command = [sys.executable, "-c", STREAMED, way]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    plain = bits("do not", 1)
    assert [bits("ask", 1), bits("write past", 1), bits("write past", 3), bits("do not", 5)] == [plain] * 4
