"""``ntk-theory info``: what a report of a fault needs to say of the machine and the installation."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ntk_theory.cli.options import Json, print_json
from ntk_theory.visible import say

#: What answers depend on, and what is read if it is there.
PACKAGES = (
    "ntk_theory", "sympy", "numpy", "scipy", "numba", "matplotlib", "typer", "rich", "joblib",
    "threadpoolctl", "platformdirs", "lazy_loader", "pandas", "distributed", "python-flint", "torch",
    "jax", "keras", "safetensors",
)  # fmt: skip


def found() -> dict[str, Any]:
    """Versions, processor, threads, memory, where compiled kernels and stores lie."""
    import numba  # noqa: PLC0415  the help of a command loads no numerics

    from ntk_theory.resources import allowed_memory, thread_count  # noqa: PLC0415  as above
    from ntk_theory.studies.engine.store import stores_folder  # noqa: PLC0415  as above

    folder = stores_folder()
    stores = sorted(folder.glob("*.sqlite")) if folder.is_dir() else []
    return {
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "threads": thread_count(),
        "memory_gb": round(allowed_memory() / 1e9, 1),
        "encoding": str(sys.stdout.encoding),
        "numba_cache": getattr(numba.config, "CACHE_DIR", "") or "beside the package",
        "stores": {
            "folder": _home(folder),
            "count": len(stores),
            "bytes": sum(store.stat().st_size for store in stores),
        },
    }


def command(as_json: Json = False) -> None:
    """Print versions, threads, memory, caches and stores: what a report of a fault needs."""
    record = found()
    if as_json:
        print_json(record)
        return
    for name, value in record.pop("packages").items():
        say(f"{name:14} {value or 'not installed'}")
    for name, value in record.items():
        plain = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        say(f"{name:14} {plain}")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _home(folder: Path) -> str:
    """The folder with ~ for the home directory, which is nobody else's business."""
    try:
        return f"~/{folder.relative_to(Path.home())}"
    except ValueError:
        return str(folder)
