"""How every Numba kernel of this package is compiled.

Kernels are compiled once per machine (cached on disk), without the interpreter (nopython) and without
its lock, so that plain threads may share a loop; Numba's own threading layer is never entered.
Fast-math is off: results do not depend on how a compiler feels about reassociation. Contraction to
fused multiply-add is the one exception where it is asked for (``contract``), since it only adds accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(signature: str) -> Callable[[Function], Function]:
    """Compile for one explicit signature, at import or from the cache."""

    def compile_it(function: Function) -> Function:
        made: Any = numba.njit(signature, cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(
            function
        )
        return made  # type: ignore[no-any-return]

    return compile_it


def inlined(function: Function) -> Function:
    """A helper that kernels call; compiled into each of them."""
    made: Any = numba.njit(nogil=True, error_model="numpy", fastmath={"contract"}, inline="never")(function)
    return made  # type: ignore[no-any-return]
