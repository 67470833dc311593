"""SymPy expressions back to text in the grammar, in the order in which people write equations.

``parse(render(e)) == e`` for every expression that the grammar can make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.pieces import Piece, choose

#: How strongly an expression binds: a sum, a product, a sign or power, an atom.
_SUM, _PRODUCT, _POWER, _ATOM = range(4)

_FUNCTIONS: dict[type[sp.Basic], str] = {
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.atan: "atan",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.exp: "exp",
    sp.log: "log",
    sp.sign: "sign",
    sp.erf: "erf",
}


def render(expression: sp.Expr, space: JetSpace | None = None) -> str:
    """Print ``expression``, made of the symbols of ``space``, in the grammar.

    Terms: derivatives in time alone first, then rising order of the highest derivative, then terms
    without derivatives by falling degree, then those without fields.

    Raises
    ------
    InputError
        The expression holds a node that the grammar has no text for.

    Examples
    --------
    >>> space = JetSpace(("u",), ("x", "t"))
    >>> u, u_x, u_t, u_xxx = sp.symbols("u u_x u_t u_xxx", real=True)
    >>> render(u_xxx + u * u_x + u_t, space)
    'u_t + u*u_x + u_xxx'
    >>> render(sp.Rational(3, 2) * u_x**2 / sp.cosh(u) - sp.sqrt(sp.Abs(u)), space)
    '3*sech(u)*u_x^2/2 - sqrt(|u|)'
    """
    return _Printer(space).text(sp.sympify(expression, strict=True), _SUM)


@dataclass(frozen=True)
class _Printer:
    space: JetSpace | None

    def text(self, node: sp.Expr, weakest: int) -> str:
        """``node`` as text, in brackets if it binds weaker than ``weakest``."""
        text, strength = self._write(node)
        return text if strength >= weakest else f"({text})"

    def _write(self, node: sp.Expr) -> tuple[str, int]:
        if isinstance(node, sp.Symbol):
            return node.name, _ATOM
        if isinstance(node, sp.Add):
            return self._sum(node), _SUM
        if isinstance(node, sp.Mul | sp.Rational):
            return self._product(node)
        if isinstance(node, sp.Pow):
            return self._power(node)
        if isinstance(node, sp.Abs):
            return f"|{self.text(node.args[0], _SUM)}|", _ATOM
        if node is sp.pi:
            return "pi", _ATOM
        if node is sp.E:
            return "exp(1)", _ATOM
        if node.func in _FUNCTIONS:
            return f"{_FUNCTIONS[node.func]}({self.text(node.args[0], _SUM)})", _ATOM
        if isinstance(node, choose):
            test, above, below = (self.text(part, _SUM) for part in node.args)
            return f"piecewise({above}, {test} > 0, {below})", _ATOM
        if isinstance(node, Piece):
            parts = ", ".join(self.text(part, _SUM) for part in node.args)
            return f"{node.text}({parts})", _ATOM
        raise InputError(
            f"expression contains {type(node).__name__}, for which the grammar has no text; "
            "it needs sums, products, powers, |·| and elementary functions"
        )

    def _sum(self, node: sp.Add) -> str:
        terms = sorted(node.args, key=lambda term: _term_key(term, self.space))
        text = self.text(terms[0], _SUM)
        for term in terms[1:]:
            printed = self.text(term, _PRODUCT)
            text += f" - {printed[1:]}" if printed.startswith("-") else f" + {printed}"
        return text

    def _product(self, node: sp.Expr) -> tuple[str, int]:
        """Numerator and denominator; the sign in front, the number first."""
        number, rest = node.as_coeff_Mul(rational=True)
        above, below = self._split(rest)
        sign = "-" if number < 0 else ""
        if number.q != 1 and len(below) == 1 and below[0].startswith("("):
            # a/(2*(b + c)) would be read back with the 2 multiplied into the bracket.
            above.insert(0, f"{abs(number.p)}/{number.q}")
        else:
            if number.q != 1:
                below.insert(0, str(number.q))
            if abs(number.p) != 1 or not above:
                above.insert(0, str(abs(number.p)))
        text = sign + "*".join(above)
        if len(below) == 1:
            text += f"/{below[0]}"
        elif below:
            text += f"/({'*'.join(below)})"
        is_atom = not sign and not below and len(above) == 1 and isinstance(node, sp.Integer)
        return text, _ATOM if is_atom else _PRODUCT

    def _split(self, node: sp.Expr) -> tuple[list[str], list[str]]:
        """The factors' texts above and below the fraction bar."""
        above: list[str] = []
        below: list[str] = []
        factors = [] if node is sp.S.One else list(sp.Mul.make_args(node))
        for factor in sorted(factors, key=lambda item: _factor_key(item, self.space)):
            if not isinstance(factor, sp.Pow) or not _is_negative(factor.exp):
                above.append(self.text(factor, _POWER))
            elif isinstance(factor.base, sp.cosh):
                above.append(self._power_text(f"sech({self.text(factor.base.args[0], _SUM)})", -factor.exp))
            else:
                below.append(self._inverted(factor))
        return above, below

    def _inverted(self, factor: sp.Pow) -> str:
        if factor.exp == -1:
            return self.text(factor.base, _ATOM)
        if factor.exp == sp.Rational(-1, 2):
            return f"sqrt({self.text(factor.base, _SUM)})"
        return self._power_text(self.text(factor.base, _ATOM), -factor.exp)

    def _power(self, node: sp.Pow) -> tuple[str, int]:
        if _is_negative(node.exp):
            return self._product(node)
        if node.exp == sp.S.Half:
            return f"sqrt({self.text(node.base, _SUM)})", _ATOM
        return self._power_text(self.text(node.base, _ATOM), node.exp), _POWER

    def _power_text(self, base: str, exponent: sp.Expr) -> str:
        return base if exponent == 1 else f"{base}^{self.text(exponent, _ATOM)}"


def _is_negative(exponent: sp.Expr) -> bool:
    """Has the exponent a minus sign in front?"""
    return bool(exponent.as_coeff_Mul(rational=True)[0] < 0)


def _slots(node: sp.Expr, space: JetSpace | None) -> tuple[Slot, ...]:
    return space.slots_of(node) if space is not None else ()


def _term_key(term: sp.Expr, space: JetSpace | None) -> tuple[object, ...]:
    """Where a term stands in a sum (see :func:`render`)."""
    slots = _slots(term, space)
    name = sp.default_sort_key(term)
    if not slots or space is None:
        return (3, len(term.free_symbols) == 0, 0, (), 0, name)
    factors = [factor for factor in sp.Mul.make_args(term) if _slots(factor, space)]
    if len(factors) == 1 and (time := _time_order(factors[0], space)):
        return (0, -time, 0, (), 0, name)
    top = space.sorted(slots)[-1]
    order = max(slot.order for slot in slots)
    highest = [slot for slot in slots if slot.order == order]
    index = tuple(-n for n in space.sorted(highest)[0].index)
    return (2 if order == 0 else 1, order, space.fields.index(top.field), index, -_degree(factors), name)


def _time_order(factor: sp.Expr, space: JetSpace) -> int:
    """N for the bare slot ∂^n u/∂t^n, else 0."""
    slot = space.decode(factor) if isinstance(factor, sp.Symbol) else None
    if slot is None or "t" not in space.variables:
        return 0
    order = slot.index[space.variables.index("t")]
    return order if order == slot.order else 0


def _degree(factors: Sequence[sp.Expr]) -> float:
    """The number of field factors, counted with integer powers."""
    return sum(
        int(factor.exp) if isinstance(factor, sp.Pow) and factor.exp.is_Integer else 1 for factor in factors
    )


def _factor_key(factor: sp.Expr, space: JetSpace | None) -> tuple[object, ...]:
    """Parameters, then variables, then fields by rising order, functions of them last."""
    slots = _slots(factor, space)
    name = sp.default_sort_key(factor)
    if slots and space is not None:
        base = factor.base if isinstance(factor, sp.Pow) else factor
        order = max(slot.order for slot in slots)
        field = space.fields.index(space.sorted(slots)[0].field)
        return (3, order, not isinstance(base, sp.Symbol), field, name)
    if space is not None and any(symbol.name in space.variables for symbol in factor.free_symbols):
        return (2, 0, False, 0, name)
    return (1 if factor.free_symbols else 0, 0, False, 0, name)
