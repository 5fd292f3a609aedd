"""Says which machine measured, so that a table never stands alone."""

import os
import platform
import subprocess
from pathlib import Path


def describe() -> dict[str, str]:
    """The processor, the cores that this process may use, memory, system."""
    return {
        "processor": _processor(),
        "cores": str(cores()),
        "memory": f"{_memory_bytes() / 2**30:.0f} GiB",
        "system": f"{_distribution()}, kernel {platform.release()}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def cores() -> int:
    """Cores that this process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _sysctl(name: str) -> str:
    return subprocess.run(["sysctl", "-n", name], capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    if platform.system() == "Darwin":
        return _sysctl("machdep.cpu.brand_string")
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_bytes() -> int:
    if platform.system() == "Darwin":
        return int(_sysctl("hw.memsize") or 0)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _distribution() -> str:
    if platform.system() == "Darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()
