"""numpy.linalg.lstsq never returns for an infinity in an X of 3 × 3 or more; nor do svd and pinv."""

import signal
import subprocess
import sys

CALL = """
import signal
import numpy as np
X, y = np.ones((4, 3)), np.ones(4)
X[0, 0] = np.inf
signal.setitimer(signal.ITIMER_PROF, 1)  # ends the process after a second of work
print(np.linalg.lstsq(X, y)[0])
"""
run = subprocess.run([sys.executable, "-c", CALL], capture_output=True, text=True)
ended = run.returncode == -signal.SIGPROF
print("got   nothing in a second" if ended else f"got   {(run.stdout or run.stderr).splitlines()[-1]}")
print("right LinAlgError, as for a NaN")
print("wrong" if ended else "mended")
