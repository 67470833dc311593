"""Expressions in extended precision: mpmath's numbers, whose exponents have no bounds.

Floats lose 1 + 10^{-30} and have no 10^{400}; what an operator does far out, or with coefficients that are
far apart, is evaluated here. Slow, and meant for a few values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import mpmath as mp
import sympy as sp

from ntk_theory.errors import NonFiniteError
from ntk_theory.symbolic.pieces import Piece, choose

#: Binary digits before the point of an exponential's argument; a larger one would fill the memory.
MAX_EXPONENT_BITS = 1024

_FUNCTIONS: dict[type, Callable[[Any], Any]] = {
    sp.sin: mp.sin, sp.cos: mp.cos, sp.tan: mp.tan, sp.log: mp.log, sp.Abs: abs, sp.sign: mp.sign,
    sp.erf: mp.erf, sp.atan: mp.atan, sp.sinh: mp.sinh, sp.cosh: mp.cosh, sp.exp: mp.exp, sp.tanh: mp.tanh,
    sp.sech: mp.sech,
}  # fmt: skip
#: Functions that come as near to a constant, or dwarf one, as e^{−|z|} does to 0.
_SATURATES = (sp.tanh, sp.erf, sp.exp, sp.sech, sp.sinh, sp.cosh)
_GROWS = (sp.exp, sp.sinh, sp.cosh, sp.sech, sp.sin, sp.cos, sp.tan)


class Fixed:
    """Values of the parts of expressions that hold some symbols (coordinates of a place) and numbers only.

    They are kept from one call of :func:`extended` to the next, which has the same numbers for the symbols.
    """

    def __init__(self, symbols: Iterable[sp.Symbol]) -> None:
        self._held: dict[sp.Basic, bool] = dict.fromkeys(symbols, True)
        self._values: dict[tuple[int, bool], dict[sp.Basic, Any]] = {}

    def holds(self, node: sp.Basic) -> bool:
        """Is a part of this kind?"""
        if node not in self._held:
            is_number = isinstance(node, sp.Expr) and bool(node.is_number)
            self._held[node] = all(map(self.holds, node.args)) if node.args else is_number
        return self._held[node]

    def values(self, *, keeps_all: bool) -> dict[sp.Basic, Any]:
        """What is known of them in the working precision."""
        return self._values.setdefault((mp.mp.prec, keeps_all), {})


def extended(
    expression: sp.Expr,
    values: Mapping[sp.Symbol, Any],
    *,
    keeps_all: bool = False,
    fixed: Fixed | None = None,
) -> Any:
    """``expression`` at numbers, in mpmath's working precision.

    ``keeps_all``: a function whose value differs by less than all digits from one that does not vary (tanh z
    from ±1, exp z from 0) has none: added to 1, e^{−5000} is lost, though it may be all that is random.
    ``fixed`` keeps what other values of the remaining symbols leave as it is.

    Raises
    ------
    NonFiniteError
        It has no real value there, or one beyond any use.
    """
    try:
        found = _Evaluation(values, keeps_all=keeps_all, fixed=fixed).of(expression)
    except (ZeroDivisionError, OverflowError, ValueError, MemoryError, mp.libmp.ComplexResult) as cause:
        raise NonFiniteError(f"{expression} has no value: {cause}") from None
    if not (isinstance(found, mp.mpf) and mp.isfinite(found)):
        raise NonFiniteError(f"{expression} has no real, finite value")
    return found


class _Evaluation:
    """Bottom-up, every part of an expression once."""

    def __init__(self, values: Mapping[sp.Symbol, Any], *, keeps_all: bool, fixed: Fixed | None) -> None:
        self.known: dict[sp.Basic, Any] = dict(values)
        self.keeps_all, self.fixed = keeps_all, fixed
        self.kept = {} if fixed is None else fixed.values(keeps_all=keeps_all)

    def of(self, node: sp.Expr) -> Any:
        if node in self.known:
            return self.known[node]
        known = self.kept if self.fixed is not None and self.fixed.holds(node) else self.known
        if node not in known:
            known[node] = self._compute(node)
        return known[node]

    def _compute(self, node: sp.Expr) -> Any:
        if isinstance(node, sp.Rational):
            return mp.mpf(int(node.p)) / int(node.q)
        if not node.free_symbols:
            return mp.mpf(mp.make_mpf(node.evalf(mp.mp.dps)._mpf_))
        if isinstance(node, sp.Add):
            return mp.fsum(map(self.of, node.args))
        if isinstance(node, sp.Mul):
            return mp.fprod(map(self.of, node.args))
        if isinstance(node, sp.Pow) and node.base is not sp.E:
            return self.of(node.base) ** (int(node.exp) if node.exp.is_Integer else self.of(node.exp))
        if isinstance(node, choose):
            # The branch that is not taken may be undefined here.
            return self.of(node.args[1] if self.of(node.args[0]) > 0 else node.args[2])
        if isinstance(node, Piece):
            return mp.mpf(node.value(*map(self.of, node.args)))
        return self._function(sp.exp if isinstance(node, sp.Pow) else node.func, self.of(node.args[-1]))

    def _function(self, kind: Any, z: Any) -> Any:
        if self.keeps_all and kind in _SATURATES and abs(z) > mp.mp.prec:
            raise ValueError(f"{kind.__name__} is constant to all {mp.mp.dps} digits")
        if kind in _GROWS and mp.mag(z) > MAX_EXPONENT_BITS:
            raise OverflowError("an argument beyond any range")
        if kind in (sp.tanh, sp.erf) and abs(z) > mp.mp.prec:
            return mp.sign(z)
        if kind not in _FUNCTIONS:
            raise ValueError(f"no extended value of {kind}")
        return _FUNCTIONS[kind](z)
