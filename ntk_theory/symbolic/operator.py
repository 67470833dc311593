"""A differential operator F(x, {u_α}): slots, gradient, monomials, order, linearity.

The operator computes its properties once; the rules in :mod:`ntk_theory.theory` only ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ntk_theory.errors import InputError, ProblemError
from ntk_theory.symbolic import soundness
from ntk_theory.symbolic.derivation import Derivation
from ntk_theory.symbolic.effort import expanded
from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.pieces import Piece
from ntk_theory.symbolic.zero import depends_on, is_zero


@dataclass(frozen=True)
class Monomial:
    """One term of F_α: ``coefficient`` (of variables and parameters) times ``expression`` (of jets).

    ``degree`` is the number of jet factors, ``None`` for a non-polynomial term. The monomial is
    homogeneous [R] when each factor carries exactly one N^{-s}: a product of derivatives of order
    >= 1. A factor u brings the unscaled output bias, a non-polynomial function mixes powers.
    """

    of: Slot
    expression: sp.Expr
    coefficient: sp.Expr
    degree: int | None
    is_homogeneous: bool
    is_certain: bool = True


@dataclass(frozen=True)
class Operator:
    """F(x, {u_α}) on a jet space.

    ``expression`` is a SymPy expression in the symbols of ``space`` (``space.symbol(slot)``,
    ``space.variable(name)``) and in parameter symbols; functions allowed in it are sin, cos, tan,
    sinh, cosh, tanh, atan, exp, log, Abs, sign, erf, and powers (sech is 1/cosh, sqrt a power).

    >>> space = JetSpace(("u",), ("x",))
    >>> u, u_x = (space.symbol(space.slot("u", x=k)) for k in (0, 1))
    >>> Operator(space, u * u_x).gradient[space.value("u")]
    u_x
    """

    space: JetSpace
    expression: sp.Expr

    def __post_init__(self) -> None:
        if not isinstance(self.space, JetSpace):
            raise ProblemError(f"space is {self.space!r}; an operator needs a JetSpace(fields, variables)")
        found = soundness.expression("an operator", self.expression)
        _without_pieces_of_fields(found, self.space)
        soundness.put(self, "expression", soundness.own_symbols("an operator", found, self.space))

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The slots that F mentions, in canonical order."""
        return self.space.slots_of(self.expression)

    @cached_property
    def gradient(self) -> Mapping[Slot, sp.Expr]:
        """F_α = ∂F/∂u_α for every slot that F mentions (sign' = 0 almost everywhere)."""
        return {slot: partial(self.expression, self.space.symbol(slot)) for slot in self.slots}

    @cached_property
    def support(self) -> tuple[Slot, ...]:
        """The slots whose F_α is not proved to vanish identically."""
        return tuple(slot for slot in self.slots if not is_zero(self.gradient[slot]))

    @cached_property
    def jet_symbols(self) -> frozenset[sp.Symbol]:
        """The symbols of all slots that F mentions."""
        return frozenset(self.space.symbol(slot) for slot in self.slots)

    @cached_property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Named parameters that have no value yet."""
        known = self.jet_symbols | set(self.space.variable_symbols)
        return tuple(sorted(self.expression.free_symbols - known, key=lambda s: s.name))

    @property
    def order(self) -> int:
        """The largest |α| in the support."""
        return max((slot.order for slot in self.support), default=0)

    @cached_property
    def is_linear(self) -> bool | None:
        """Is F affine in the jets? ``None`` when undecided."""
        answers = [self.varies(slot) for slot in self.support]
        if any(answers):
            return False
        return None if None in answers else True

    def varies(self, slot: Slot) -> bool | None:
        """Does F_α depend on the jets? (sign(u) does, though its derivative is 0.)"""
        return jet_dependence(self.gradient[slot], self.jet_symbols)

    @cached_property
    def is_value(self) -> bool:
        """Is F exactly one field, F = u^i?"""
        slot = self.space.decode(self.expression) if self.expression.is_Symbol else None
        return slot is not None and slot.is_value

    @cached_property
    def monomials(self) -> tuple[Monomial, ...]:
        """The monomials of every F_α, in the order of the slots."""
        return tuple(m for slot in self.support for m in _monomials(self, slot))

    @cached_property
    def is_polynomial(self) -> bool:
        """Is every F_α a polynomial in the jets?"""
        return all(m.degree is not None for m in self.monomials)

    def with_parameters(self, values: Mapping[str, sp.Expr]) -> Operator:
        """The same operator with numbers in place of some named parameters."""
        by_name = {symbol.name: symbol for symbol in self.parameters}
        unknown = sorted(set(values) - set(by_name))
        if unknown:
            have = ", ".join(by_name) or "none"
            raise InputError(f"parameters names {unknown[0]!r}, which the operator lacks; it has: {have}")
        replaced = self.expression.xreplace({by_name[name]: value for name, value in values.items()})
        return Operator(self.space, replaced)


def _without_pieces_of_fields(expression: sp.Expr, space: JetSpace) -> None:
    """The rules know functions in pieces as coefficients only (sign and |·| may hold fields)."""
    for node in expression.atoms(Piece):
        if space.slots_of(node):
            raise ProblemError(
                f"an operator has {node}, which contains a field; "
                "of a field, max(u, 0) is (u + |u|)/2 and heaviside(u) is (1 + sign(u))/2"
            )


def partial(expression: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """∂expression/∂symbol, with the derivative of sign taken as 0 (true almost everywhere)."""
    return Derivation(lambda leaf: sp.S.One if leaf == symbol else sp.S.Zero)(expression)


def jet_dependence(expression: sp.Expr, jets: frozenset[sp.Symbol]) -> bool | None:
    """Does the value of ``expression`` change with the jets? ``None`` when undecided."""
    present = expression.free_symbols & jets
    if not present:
        return False
    if depends_on(expression, frozenset(present)):
        return True
    ordered = sorted(present, key=str)
    if not expression.has(sp.sign) and all(is_zero(partial(expression, s)) for s in ordered):
        return False
    return None


def _monomials(operator: Operator, slot: Slot) -> list[Monomial]:
    whole = expanded(operator.gradient[slot])
    jets = operator.jet_symbols
    coefficients: dict[sp.Expr, list[sp.Expr]] = {}
    others: list[sp.Expr] = []
    for term in sp.Add.make_args(whole):
        coefficient, rest = term.as_independent(*jets, as_Add=False)
        if all(_is_jet_power(factor, jets) for factor in sp.Mul.make_args(rest)):
            coefficients.setdefault(rest, []).append(coefficient)
        else:
            others.append(term)
    remainder = sp.Add(*others)
    if others and jet_dependence(remainder, jets) is False:
        # sin(u)^2 + cos(u)^2 is a constant in disguise: its value at u = 0 is the coefficient.
        coefficients.setdefault(sp.S.One, []).append(remainder.xreplace(dict.fromkeys(jets, sp.S.Zero)))
        others = []
    found = []
    values = {operator.space.symbol(s) for s in operator.slots if s.is_value}
    for expression, parts in coefficients.items():
        coefficient = sp.Add(*parts)
        zero = is_zero(coefficient)
        if not zero:
            degree = int(sum(sp.degree(expression, s) for s in expression.free_symbols))
            homogeneous = not expression.free_symbols & values
            found.append(Monomial(slot, expression, coefficient, degree, homogeneous, zero is False))
    for term in others:
        coefficient, rest = term.as_independent(*jets, as_Add=False)
        found.append(Monomial(slot, rest, coefficient, None, False, is_zero(coefficient) is False))
    return found


def _is_jet_power(factor: sp.Expr, jets: frozenset[sp.Symbol]) -> bool:
    base, exponent = factor.as_base_exp()
    return factor is sp.S.One or (base in jets and bool(exponent.is_Integer) and exponent > 0)
