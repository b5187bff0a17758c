"""Where and when something was measured."""

import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil

CPU_INFO = Path("/proc/cpuinfo")


def here() -> str:
    """Today, and this machine."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{datetime.now(UTC):%d %B %Y}, on {psutil.cpu_count()} cores of {_processor()} with {memory:.0f} GiB."


def _processor() -> str:
    lines = CPU_INFO.read_text("utf-8").splitlines() if CPU_INFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
