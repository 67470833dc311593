"""Decide, exactly and by experiment, whether the NTK of a physics-informed network converges.

The public names are loaded when first used, so that a purely symbolic classification never pays
for Numba::

    import ntk_theory as nt

    print(nt.classify(nt.zoo("kdv")))
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ntk_theory.errors import NTKTheoryError

try:
    __version__ = version("ntk_theory")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

#: Public name → the module that defines it.
_HOME = {
    "parse": "ntk_theory.symbolic",
    "problem": "ntk_theory.symbolic",
    "zoo": "ntk_theory.symbolic",
    "zoo_names": "ntk_theory.symbolic",
    "Operator": "ntk_theory.symbolic",
    "Problem": "ntk_theory.symbolic",
    "Slot": "ntk_theory.symbolic",
    "classify": "ntk_theory.theory",
    "Classification": "ntk_theory.theory",
}

__all__ = ["NTKTheoryError", "__version__"]
__all__ += list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ntk_theory' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
