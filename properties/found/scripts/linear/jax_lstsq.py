"""jax.numpy.linalg.lstsq never returns for an infinity in an X of 3 × 3 or more; nor do svd and pinv."""

import signal
import subprocess
import sys

CALL = """
import signal
import jax.numpy as jnp
X, y = jnp.ones((4, 3)), jnp.ones(4)
print(jnp.linalg.lstsq(X, y)[0])  # compiles
signal.setitimer(signal.ITIMER_PROF, 1)  # ends the process after a second of work
print(jnp.linalg.lstsq(X.at[0, 0].set(jnp.inf), y)[0])
"""
run = subprocess.run([sys.executable, "-c", CALL], capture_output=True, text=True)
ended = run.returncode == -signal.SIGPROF
print("got   nothing in a second" if ended else f"got   {(run.stdout or run.stderr).splitlines()[-1]}")
print("right NaN, as for a NaN")
print("wrong" if ended else "mended")
