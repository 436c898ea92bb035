"""The machine that figures were measured on, as stored with them."""

import os
import platform
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
