"""Is F continuous in the jets, for every real value of them? The hypothesis of [ZY] on F."""

from __future__ import annotations

import sympy as sp

from ntk_theory.symbolic.asymptotics import Growth, behaviour
from ntk_theory.symbolic.intervals import over_reals
from ntk_theory.symbolic.places import End, Point
from ntk_theory.symbolic.series import Order, Series
from ntk_theory.symbolic.signs import Sign, sign_of
from ntk_theory.symbolic.zero import is_zero


def is_continuous(expression: sp.Expr, jets: frozenset[sp.Symbol]) -> tuple[bool | None, str]:
    """(answer, reason): ``True`` is proved, ``False`` names the node that breaks, ``None`` is open.

    >>> u = sp.Symbol("u", real=True)
    >>> is_continuous(u / (1 + u**2), frozenset({u}))[0], is_continuous(1 / u, frozenset({u}))[0]
    (True, False)
    """
    worst: tuple[bool | None, str] = (True, "a composition of continuous functions")
    for node in sp.preorder_traversal(expression):
        if not node.free_symbols & jets:
            continue
        answer, reason = _node(node, jets, expression)
        if answer is False:
            return False, reason
        if answer is None:
            worst = None, reason
    return worst


def _node(node: sp.Expr, jets: frozenset[sp.Symbol], whole: sp.Expr) -> tuple[bool | None, str]:
    if isinstance(node, sp.Pow) and node.base.free_symbols & jets:
        exponent = node.exp
        if not (exponent.is_number and exponent.is_comparable):
            return None, f"the exponent of {node} has no value"
        if exponent < 0:
            return _nonzero(node.base, node, jets, whole)
        if not exponent.is_integer:
            return _nonnegative(node.base, node, jets)
    if isinstance(node, sp.log):
        return _nonzero(node.args[0], node, jets, whole)
    if isinstance(node, sp.tan):
        return False, f"{node} has poles"
    if isinstance(node, sp.sign):
        if _is_tamed(node, whole):
            return True, ""
        return False, f"{node} jumps"
    return True, ""


def _nonzero(
    base: sp.Expr, node: sp.Expr, jets: frozenset[sp.Symbol], whole: sp.Expr
) -> tuple[bool | None, str]:
    if sign_of(base, frozenset(base.free_symbols & jets)) in (Sign.POSITIVE, Sign.NEGATIVE):
        bounds = over_reals(base)
        if bounds.is_nonzero or _has_definite_bound(base):
            return True, ""
    local = frozenset(base.free_symbols & jets)
    if is_zero(base.xreplace(dict.fromkeys(local, sp.S.Zero))):
        return _at_origin(node, local, jets, whole)
    if sign_of(base, local) is Sign.MIXED:
        return False, f"{node} is singular where {base} = 0"
    return None, f"whether {base} vanishes in {node}"


def _has_definite_bound(base: sp.Expr) -> bool:
    """Is a polynomial in one symbol of one sign because it has no real root?"""
    return (
        len(base.free_symbols) == 1
        and base.is_polynomial()
        and base.xreplace(dict.fromkeys(base.free_symbols, sp.S.Zero)) != 0
    )


def _at_origin(
    node: sp.Expr, local: frozenset[sp.Symbol], jets: frozenset[sp.Symbol], whole: sp.Expr
) -> tuple[bool | None, str]:
    """F near the place where the jets in ``local`` vanish: removable, or truly singular?

    The local jets become δv, the others stay. A term δ^p·(…) with p > 0 tends to 0 along every
    line; if its denominators are definite forms, it does so from everywhere. If F itself behaves
    like p < 0, or like p = 0 with a coefficient that depends on v, it is discontinuous.
    """
    small = Order(sp.S.One)
    directions = {s: sp.Symbol(f"v[{s.name}]", real=True) for s in local}
    values = {s: Series(((small, v),)) for s, v in directions.items()}
    values |= {s: Series.constant(s) for s in jets - local}
    point = Point(values, frozenset(directions.values()), End.ZERO)
    found = behaviour(whole, point)
    unbounded = found.growth is Growth.EXPLOSIVE or (
        found.growth is Growth.POWER
        and (found.exponent < 0 or (found.exponent == 0 and (found.is_random or found.logs > 0)))
    )
    if unbounded:
        return False, f"{node} makes F discontinuous where {', '.join(sorted(s.name for s in local))} = 0"
    for term in sp.Add.make_args(sp.expand(whole)):
        if term.has(node.args[0]) and not _tends_to_zero(term, point, local):
            return None, f"{node} is singular at 0, perhaps removably"
    return True, f"{node} is singular at 0, but removably"


def _tends_to_zero(term: sp.Expr, point: Point, local: frozenset[sp.Symbol]) -> bool:
    """Is |term| ≤ C·r^p with p > 0: a monomial over powers of definite forms in the local jets?"""
    for base, exponent in term.as_powers_dict().items():
        definite = _is_definite_form(base, local)
        plain = not base.free_symbols & local
        if not (definite or plain or (exponent.is_number and exponent > 0)):
            return False
    found = behaviour(term, point)
    return found.growth is Growth.POWER and bool(found.exponent > 0)


def _is_definite_form(base: sp.Expr, local: frozenset[sp.Symbol]) -> bool:
    """Is this |u_α|, or a sum of squares of all the local jets with positive coefficients?"""
    if isinstance(base, sp.Abs) and local == {base.args[0]}:
        return True
    seen = set()
    for term in sp.Add.make_args(base):
        coefficient, rest = term.as_independent(*local, as_Add=False)
        symbol, power = rest.as_base_exp()
        if not (coefficient.is_positive and symbol in local and power == 2):
            return False
        seen.add(symbol)
    return seen == local


def _nonnegative(base: sp.Expr, node: sp.Expr, jets: frozenset[sp.Symbol]) -> tuple[bool | None, str]:
    sign = sign_of(base, frozenset(base.free_symbols & jets))
    if sign is Sign.POSITIVE:
        return True, ""
    if sign in (Sign.MIXED, Sign.NEGATIVE):
        return False, f"{node} is not real where {base} < 0"
    return None, f"the sign of {base} in {node}"


def _is_tamed(node: sp.sign, whole: sp.Expr) -> bool:
    """Does every occurrence of sign(g) come with a factor that vanishes with g, as in g·sign(g)?"""
    inner = node.args[0]
    for product in whole.atoms(sp.Mul):
        if node in product.args:
            tamed = any(
                factor.as_base_exp()[0] in (inner, sp.Abs(inner)) and factor.as_base_exp()[1].is_positive
                for factor in product.args
            )
            if not tamed:
                return False
    inside = {argument for product in whole.atoms(sp.Mul) for argument in product.args}
    others = [n for n in sp.preorder_traversal(whole) if not n.is_Mul and node in n.args]
    return node in inside and not others
