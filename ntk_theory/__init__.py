"""Decide, exactly and by experiment, whether the NTK of a physics-informed network converges.

``dir(ntk_theory)`` lists the public names, ``__init__.pyi`` says where each is made. A name is loaded when it
is first used, so that a purely symbolic classification never pays for Numba::

    import ntk_theory as nt

    print(nt.classify(nt.zoo("kdv")))
"""

from __future__ import annotations

import sys
from typing import Any

import lazy_loader as lazy

_load, __dir__, __all__ = lazy.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        # With its name and object, so that Python adds the nearest name there is.
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=sys.modules[__name__])
    return _load(name)
