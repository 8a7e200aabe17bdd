"""What the numbers were measured on."""

import os
import platform
import resource
import sys
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numpy", "pandas", "polars", "duckdb", "openfisca-core", "zen-engine", "pyarrow")


def machine() -> dict[str, str]:
    """Processor, cores, memory, load (1, 5, 15 minutes), Python and versions."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "not known"
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "load": load,
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def peak() -> float:
    """Highest memory of this process, MB; of itself alone, where the system says so, not of what started it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    own = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")]
    unit = 1 if sys.platform == "darwin" else 1024  # what the system counts peak memory in
    return (own[0] if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit) / 1e6
