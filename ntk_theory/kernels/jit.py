"""How every Numba kernel of this package is compiled.

A kernel has one explicit signature and is compiled when it is first called, without the interpreter
(nopython) and without its lock, so that plain threads may share a loop; Numba's own threading layer is never
entered. The code is cached on disk, so that a machine compiles a kernel once, and nobody compiles a kernel
that the asked work does not use. Fast-math is off: results do not depend on how a compiler feels about
reassociation. Contraction to fused multiply-add is the one exception where it is asked for, since it only
adds accuracy.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

import numba

from ntk_theory.setting import activations

Function = TypeVar("Function", bound=Callable[..., Any])
#: The one liberty that compilers have unless a kernel says otherwise.
CONTRACT = ("contract",)


class Kernel:
    """A compiled loop over plain arrays: call it as the function it was made from.

    Attributes
    ----------
    py_func:
        The function as written; the slow twin.
    signature:
        Types of the arguments in Numba's notation; arrays of other types or layouts are refused.
    """

    def __init__(self, function: Callable[..., Any], signature: str, liberties: Collection[str]) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self.signature = signature
        self._dispatcher: Any = numba.njit(
            cache=True, nogil=True, error_model="numpy", fastmath=set(liberties)
        )(function)
        self._lock = threading.Lock()
        self._ready = False

    @property
    def dispatcher(self) -> Any:
        """Numba's object, compiled for the signature or loaded from the cache."""
        if not self._ready:
            with self._lock:
                if not self._ready:
                    _stamp(self._dispatcher)
                    self._dispatcher.compile(self.signature)
                    self._dispatcher.disable_compile()
                    self._ready = True
        return self._dispatcher

    def __call__(self, *arguments: Any) -> Any:
        """Run the kernel."""
        return self.dispatcher(*arguments)


@functools.cache
def source_digest() -> str:
    """SHA-256 of everything that is compiled into a kernel: this folder, and the codes of activations."""
    total = hashlib.sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.py")), Path(activations.__file__)):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _stamp(dispatcher: Any) -> None:
    """Make the cache on disk depend on all sources.

    Numba keys it by the kernel's own file, and would go on using code into which a helper of another file,
    since changed, was compiled.
    """
    files = dispatcher._cache._cache_file
    files._source_stamp = (files._source_stamp, source_digest())


def kernel(signature: str, liberties: Collection[str] = CONTRACT) -> Callable[[Function], Kernel]:
    """Make a :class:`Kernel` for one explicit signature."""
    return lambda function: Kernel(function, signature, liberties)


def helper(liberties: Collection[str] = CONTRACT) -> Callable[[Function], Function]:
    """A function that kernels call, compiled into each of them, with its own liberties."""

    def mark(function: Function) -> Function:
        made: Any = numba.njit(nogil=True, error_model="numpy", fastmath=set(liberties), inline="never")(
            function
        )
        return made  # type: ignore[no-any-return]

    return mark


def inlined(function: Function) -> Function:
    """A helper that kernels call; compiled into each of them."""
    return helper()(function)
