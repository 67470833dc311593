"""What a run was made with: processor, versions, threads. Bits may differ between two of them."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from ntk_theory.resources import processors

PACKAGES = ("ntk_theory", "numpy", "scipy", "numba", "sympy", "joblib", "distributed")


def environment(workers: int, cluster: str | None = None) -> dict[str, Any]:
    """JSON-like data about this machine and this run."""
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]  # noqa: PLC0415  only where cells are computed

    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": processors(),
        "workers": workers,
        "cluster": cluster is not None,
        "threads_per_worker": 1,
        "blas": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture")}
            for pool in threadpool_info()
            if pool.get("user_api") == "blas"
        ],
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
