"""Functions in pieces: heaviside, max, min and piecewise of the variables, as nodes of expressions.

    heaviside(a)             1 where a > 0, 0 where a < 0, and 1/2 where a = 0, which is (1 + sign(a))/2
    max(a, b, …), min(…)     the largest, the smallest
    piecewise(a, t > 0, b)   a where t > 0, b elsewhere; the branch that is not taken is never looked at
    scraper(R, i, j, X, Y)   ∂_X^i ∂_Y^j of the corner flow ψ₁ + R ψ₂, scraper_p of its pressure P₁/R + P₂,
                             smooth but at X = Y = 0 (:mod:`ntk_theory.symbolic.corner_flow`)

They are coefficients and data: none may contain a field. SymPy's own Heaviside, Max, Min and Piecewise
ask for assumptions and rearrange their arguments while they are made, without a bound on the work; these
classes do nothing of the kind. Each is equal almost everywhere to an expression in sign and |·|
(:meth:`Piece.in_signs`), by which proofs of zero work; numbers are put in exactly.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import mpmath
import sympy as sp

from ntk_theory.symbolic.corner_flow import MOST, pressure, stream

#: A constant nearer to 0 than this is not decided by its double.
_CLEAR = 1e-9


class Piece(sp.Function):  # type: ignore[misc]  # SymPy has no types
    """Base of the functions in pieces. ``text`` is the name in the grammar."""

    text = ""
    is_real = True
    is_finite = True

    @classmethod
    def value(cls, *arguments: float) -> float:
        """The function on numbers."""
        raise NotImplementedError

    def in_signs(self) -> sp.Expr:
        """An expression in sign and |·| that is equal almost everywhere."""
        raise NotImplementedError

    def derived(self, inner: Sequence[sp.Expr]) -> sp.Expr:
        """The derivative away from jumps, from those of the arguments."""
        raise NotImplementedError

    def enclosed(self, iv: Any, arguments: Sequence[Any]) -> Any:
        """An interval that holds the value, from intervals that hold the arguments."""
        raise NotImplementedError

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """∂/∂(argument) away from jumps."""
        unit = [sp.Integer(k == argindex) for k in range(1, len(self.args) + 1)]
        return self.derived(unit)

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.func(*(argument._evalf(prec) for argument in self.args))


def sign_of_number(number: sp.Expr) -> int | None:
    """-1, 0 or 1 for an expression without symbols; ``None`` where double precision cannot tell.

    >>> sign_of_number(sp.sqrt(2) - 1), sign_of_number(sp.S.Zero)
    (1, 0)
    """
    if isinstance(number, sp.Rational | sp.Float):
        return int(bool(number > 0)) - int(bool(number < 0))
    try:
        value = float(number)
    except (TypeError, OverflowError, ValueError):
        return None
    return None if not abs(value) > _CLEAR else (1 if value > 0 else -1)


def _known_sign(argument: sp.Expr) -> int | None:
    if argument.free_symbols:
        return None
    return sign_of_number(argument)


def _primitive(argument: sp.Expr) -> sp.Expr:
    """The argument without a positive number in front: only its sign matters."""
    number, rest = argument.as_coeff_Mul(rational=True)
    return rest if number > 0 else -rest


class heaviside(Piece):
    """The unit step, with heaviside(0) = 1/2.

    >>> heaviside(sp.Integer(-3)), heaviside(sp.S.Zero), heaviside(2 * sp.Symbol("x"))
    (0, 1/2, heaviside(x))
    """

    text = "heaviside"
    nargs = 1

    @classmethod
    def eval(cls, argument: sp.Expr) -> sp.Expr | None:  # noqa: D102
        sign = _known_sign(argument)
        if sign is not None:
            return sp.Rational(1 + sign, 2)
        plain = _primitive(argument)
        return None if plain == argument else cls(plain)

    @classmethod
    def value(cls, *arguments: float) -> float:  # noqa: D102
        (a,) = arguments
        return 0.5 if a == 0 else float(a > 0)

    def in_signs(self) -> sp.Expr:  # noqa: D102
        return (1 + sp.sign(self.args[0])) / 2

    def derived(self, inner: Sequence[sp.Expr]) -> sp.Expr:  # noqa: D102
        return sp.S.Zero

    def enclosed(self, iv: Any, arguments: Sequence[Any]) -> Any:  # noqa: D102
        (a,) = arguments
        return iv.mpf([0.0 if not a.a > 0 else 1.0, 1.0 if not a.b < 0 else 0.0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\theta{power}\left({printer._print(self.args[0])}\right)"


class _Extreme(Piece):
    """max and min: at least one argument, each once, in SymPy's order."""

    @classmethod
    def eval(cls, *arguments: sp.Expr) -> sp.Expr | None:
        flat = [part for a in arguments for part in (a.args if isinstance(a, cls) else (a,))]
        numbers = [a for a in flat if isinstance(a, sp.Rational | sp.Float)]
        others = sorted({a for a in flat if a not in numbers}, key=sp.default_sort_key)
        kept = ([cls.of_numbers(numbers)] if numbers else []) + others
        if len(kept) == 1:
            return kept[0]
        return None if tuple(kept) == arguments else cls(*kept)

    @classmethod
    def of_numbers(cls, numbers: Sequence[sp.Expr]) -> sp.Expr:
        """The extreme of exact numbers."""
        raise NotImplementedError

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        parts = ", ".join(printer._print(argument) for argument in self.args)
        return rf"\{self.text}{power}\left({parts}\right)"

    def _chosen(self, inner: Sequence[sp.Expr], sign: int) -> sp.Expr:
        first, *rest = self.args
        if not rest:
            return inner[0]
        others = self.func(*rest)
        below = others._chosen(inner[1:], sign) if isinstance(others, type(self)) else inner[1]
        return choose(sign * (first - others), inner[0], below)


class maximum(_Extreme):
    """The largest of its arguments.

    >>> x = sp.Symbol("x", real=True)
    >>> maximum(x, 1, 2), maximum(x, x)
    (maximum(2, x), x)
    """

    text = "max"

    @classmethod
    def of_numbers(cls, numbers: Sequence[sp.Expr]) -> sp.Expr:  # noqa: D102
        return max(numbers)

    @classmethod
    def value(cls, *arguments: float) -> float:  # noqa: D102
        return max(arguments)

    def in_signs(self) -> sp.Expr:  # noqa: D102
        return reduce(lambda a, b: (a + b + sp.Abs(a - b)) / 2, self.args)

    def derived(self, inner: Sequence[sp.Expr]) -> sp.Expr:  # noqa: D102
        return self._chosen(inner, 1)

    def enclosed(self, iv: Any, arguments: Sequence[Any]) -> Any:  # noqa: D102
        return iv.mpf([max(a.a for a in arguments), max(a.b for a in arguments)])


class minimum(_Extreme):
    """The smallest of its arguments."""

    text = "min"

    @classmethod
    def of_numbers(cls, numbers: Sequence[sp.Expr]) -> sp.Expr:  # noqa: D102
        return min(numbers)

    @classmethod
    def value(cls, *arguments: float) -> float:  # noqa: D102
        return min(arguments)

    def in_signs(self) -> sp.Expr:  # noqa: D102
        return reduce(lambda a, b: (a + b - sp.Abs(a - b)) / 2, self.args)

    def derived(self, inner: Sequence[sp.Expr]) -> sp.Expr:  # noqa: D102
        return self._chosen(inner, -1)

    def enclosed(self, iv: Any, arguments: Sequence[Any]) -> Any:  # noqa: D102
        return iv.mpf([min(a.a for a in arguments), min(a.b for a in arguments)])


class choose(Piece):
    """choose(t, a, b): a where t > 0, b elsewhere.

    >>> x = sp.Symbol("x", real=True)
    >>> choose(x, 1, 2).subs(x, 0), choose(3 * x, 1, 1)
    (2, 1)
    """

    text = "piecewise"
    nargs = 3

    @classmethod
    def eval(cls, test: sp.Expr, above: sp.Expr, below: sp.Expr) -> sp.Expr | None:  # noqa: D102
        if above == below:
            return above
        sign = _known_sign(test)
        if sign is not None:
            return above if sign > 0 else below
        plain = _primitive(test)
        return None if plain == test else cls(plain, above, below)

    @classmethod
    def value(cls, *arguments: float) -> float:  # noqa: D102
        test, above, below = arguments
        return above if test > 0 else below

    def in_signs(self) -> sp.Expr:  # noqa: D102
        test, above, below = self.args
        return (above + below) / 2 + sp.sign(test) * (above - below) / 2

    def derived(self, inner: Sequence[sp.Expr]) -> sp.Expr:  # noqa: D102
        return choose(self.args[0], inner[1], inner[2])

    def enclosed(self, iv: Any, arguments: Sequence[Any]) -> Any:  # noqa: D102
        test, above, below = arguments
        if test.a > 0:
            return above
        if test.b <= 0:
            return below
        return iv.mpf([min(above.a, below.a), max(above.b, below.b)])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        test, above, below = (printer._print(argument) for argument in self.args)
        cases = (
            rf"\begin{{cases}} {above} & \text{{for}}\: {test} > 0 \\"
            rf" {below} & \text{{otherwise}} \end{{cases}}"
        )
        return cases if exp is None else rf"\left({cases}\right)^{{{exp}}}"


class CornerFlow(Piece):
    """A derivative of a known flow in the corner X, Y > 0: one node, however long its formula is."""

    nargs = 5

    @classmethod
    def formula(cls, r: float, i: int, j: int, x: Any, y: Any, log: Callable[[Any], Any]) -> Any:
        """The derivative at numbers or arrays."""
        raise NotImplementedError

    @classmethod
    def complaint(cls, arguments: Sequence[sp.Expr]) -> str | None:
        """What is wrong with the arguments, or ``None``."""
        if len(arguments) == 5:
            orders = arguments[1:3]
            whole = all(isinstance(k, sp.Integer) and k >= 0 for k in orders)
            if whole and sum(orders) <= MOST and not any(s.name in "xyzt" for s in arguments[0].free_symbols):
                return None
        return f"{cls.text} needs a number R, two orders of derivatives, and X, Y"

    @classmethod
    def eval(cls, *arguments: sp.Expr) -> sp.Expr | None:  # noqa: D102
        if (wrong := cls.complaint(arguments)) is not None:
            raise ValueError(wrong)
        return None

    @classmethod
    def value(cls, *arguments: float) -> float:  # noqa: D102
        r, i, j, x, y = arguments
        return float(cls.formula(float(r), int(i), int(j), float(x), float(y), cmath.log))

    def in_signs(self) -> sp.Expr:  # noqa: D102
        return self  # it has no sign and no |·| in it

    def derived(self, inner: Sequence[sp.Expr]) -> sp.Expr:  # noqa: D102
        r, i, j, x, y = self.args
        along = [(inner[3], (i + 1, j)), (inner[4], (i, j + 1))]
        return sp.Add(*(rate * self.func(r, *orders, x, y) for rate, orders in along if rate != 0))

    def enclosed(self, iv: Any, arguments: Sequence[Any]) -> Any:
        """From 60 digits at a point, of which sums of terms of (size/near)^(3 + orders) keep 20."""
        r, _, _, x, y = (argument.mid for argument in arguments)
        width = max(float(argument.delta) for argument in arguments)
        size = max(1.0, abs(float(x)), abs(float(y)), abs(float(r)))
        near = min(1.0, abs(complex(float(x), float(y))))
        if width > 1e-30 * size or near < 1e-3:
            raise ValueError(f"no enclosure of {self.text} over an interval")
        orders = int(self.args[1]), int(self.args[2])
        with mpmath.workdps(60):
            r, x, y = (mpmath.mpf(mpmath.mp.make_mpf(a._mpi_[0])) for a in (r, x, y))
            found = self.formula(r, *orders, x, y, mpmath.log)
        slack = 1e-20 * (size / near) ** (3 + sum(orders))
        return iv.mpf([found - slack, found + slack])

    def _eval_evalf(self, prec: int) -> sp.Expr:
        if self.free_symbols:
            return self
        return sp.Float(self.value(*map(float, self.args)), precision=prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        r, i, j, x, y = self.args
        below = "X" * int(i) + "Y" * int(j)
        inside = ", ".join(map(printer._print, (r, x, y)))
        text = rf"{self.letter}_{{{below}}}\left({inside}\right)"
        return text if exp is None else f"{{{text}}}^{{{exp}}}"


class scraper(CornerFlow):
    """∂_X^i ∂_Y^j of the stream function ψ₁ + R ψ₂.

    >>> scraper(1, 0, 1, 1, 0).evalf(5), scraper(1, 0, 1, sp.Symbol("x", real=True), 0).diff("x")
    (1.0000, 0)
    """

    text = "scraper"
    letter = r"\psi"

    @classmethod
    def formula(cls, r: float, i: int, j: int, x: Any, y: Any, log: Callable[[Any], Any]) -> Any:  # noqa: D102
        return stream(r, i, j, x, y, log)


class scraper_p(CornerFlow):
    """∂_X^i ∂_Y^j of its pressure P₁/R + P₂."""

    text = "scraper_p"
    letter = "P"

    @classmethod
    def formula(cls, r: float, i: int, j: int, x: Any, y: Any, log: Callable[[Any], Any]) -> Any:  # noqa: D102
        return pressure(r, i, j, x, y, log)


#: Functions in pieces by their name in the grammar; ``piecewise`` has a syntax of its own.
PIECES: dict[str, type[Piece]] = {
    kind.text: kind for kind in (heaviside, maximum, minimum, choose, scraper, scraper_p)
}


def without_pieces(expression: sp.Expr) -> sp.Expr:
    """The expression in sign and |·|, equal almost everywhere.

    >>> without_pieces(heaviside(sp.Symbol("x", real=True)))
    sign(x)/2 + 1/2
    """
    if not expression.has(Piece):
        return expression
    if isinstance(expression, CornerFlow):
        return expression
    rebuilt = expression.func(*(without_pieces(argument) for argument in expression.args))
    return rebuilt.in_signs() if isinstance(rebuilt, Piece) else rebuilt
