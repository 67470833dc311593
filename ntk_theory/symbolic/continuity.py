"""Is F continuous in the jets, for every real value of them? The hypothesis of [ZY] on F."""

from __future__ import annotations

import sympy as sp

from ntk_theory.symbolic.intervals import over_reals
from ntk_theory.symbolic.zero import Sign, is_zero, sign_of


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
            return _nonzero(node.base, node, jets)
        if not exponent.is_integer:
            return _nonnegative(node.base, node, jets)
    if isinstance(node, sp.log):
        return _nonzero(node.args[0], node, jets)
    if isinstance(node, sp.tan):
        return False, f"{node} has poles"
    if isinstance(node, sp.sign):
        if _is_tamed(node, whole):
            return True, ""
        return False, f"{node} jumps"
    return True, ""


def _nonzero(base: sp.Expr, node: sp.Expr, jets: frozenset[sp.Symbol]) -> tuple[bool | None, str]:
    if over_reals(base).is_positive or (node.is_Pow and node.exp.is_integer and over_reals(base).is_nonzero):
        return True, ""
    if sign_of(base) is Sign.MIXED or is_zero(base.xreplace(dict.fromkeys(jets, sp.S.Zero))):
        return False, f"{node} is singular where {base} = 0"
    return None, f"whether {base} vanishes in {node}"


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
