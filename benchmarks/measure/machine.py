"""The machine that figures were measured on, as stored with them."""

import os
import platform
import resource
import time
from pathlib import Path
from typing import Any

from shrinkage.cli import usable_cores


def machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory in GiB, system and Python."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    return {
        "cpu": cpu,
        "cores": len(usable_cores()),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "os": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def clock() -> tuple[float, float, float]:
    """Seconds of processor, everybody's and ours with what we have begun and ended; and by the clock. Linux only."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    everybody = (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # but idle, and waiting for a disk
    ours = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return everybody, ours, time.monotonic()


def cores_of_others(then: tuple[float, float, float]) -> float:
    """How many cores somebody else has kept busy since, on average."""
    now = clock()
    return (now[0] - then[0] - (now[1] - then[1])) / (now[2] - then[2])
