"""Is an expression identically zero, and does it depend on a symbol? Decided with proof, or not at all.

The order of attack, each step bounded:

1. exact normal form: expansion to a sum of distinct products (a proof of zero for polynomials);
2. interval evaluation at random rational points: an enclosure that excludes 0 proves nonzero;
3. a bounded simplification: trigonometric and hyperbolic functions become exponentials, the
   fraction is brought over one denominator and the numerator is expanded (a proof of zero);
4. otherwise undecided, ``None``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Set
from typing import Any

import sympy as sp

from ntk_theory.symbolic.effort import (
    NODE_ENCLOSED,
    NODE_SIMPLIFIED,
    counted,
    expand,
    exponential_nodes,
    may_cancel,
    nodes_of,
    spend,
)
from ntk_theory.symbolic.intervals import Intervals, Unenclosed, at_point, excludes_zero
from ntk_theory.symbolic.pieces import without_pieces

#: Random points tried before a nonzero proof is given up.
POINTS = 24
#: Sets of such points, each with one value of what is held fixed.
PLACES = 8
#: The seed is fixed, so that every answer is reproducible.
FIRST_SEED = 20241217
#: Magnitudes of the random points, in turn.
SCALES = (sp.Integer(1), sp.Rational(1, 4), sp.Integer(4))
#: Larger expressions are not expanded or simplified further.
MAX_OPERATIONS = 4000
#: Simplification rewrites at most this many operations (it may multiply them).
MAX_SIMPLIFY = 120

#: What SymPy makes of a value that is none, such as atan(log(0)).
UNDEFINED = (sp.AccumBounds, sp.zoo, sp.oo, -sp.oo, sp.nan)


@counted
def is_zero(expression: sp.Expr) -> bool | None:
    """Is the expression 0 for all real values of its symbols? ``None`` when undecided.

    >>> u = sp.Symbol("u", real=True)
    >>> is_zero(sp.sin(u) ** 2 + sp.cos(u) ** 2 - 1), is_zero(sp.sin(u) ** 2 - 1)
    (True, False)
    """
    if expression.is_Symbol:
        return False
    if expression.is_Rational:
        return bool(expression == 0)
    if size(expression) > MAX_OPERATIONS or expression.has(*UNDEFINED):
        return None
    expanded = expression
    if expression.is_Add or expression.has(sp.Add):
        # What is too large to be multiplied out can still be evaluated.
        expanded = found if (found := expand(expression)) is not None else expression
    if expanded == 0:
        return True
    if any(excludes_zero(value) for value in values_of(expanded)):
        return False
    return True if _simplifies_to_zero(expanded) else None


@counted
def depends_on(expression: sp.Expr, symbols: frozenset[sp.Symbol], intervals: Intervals = ()) -> bool | None:
    """Does the value change with any of ``symbols``, the others somewhere in their ``intervals``?

    Two disjoint enclosures prove that it does; that it does not is proved by the difference of the
    expression and its copy with fresh symbols being 0, as for sign(c)².
    """
    if not expression.free_symbols & symbols:
        return False
    held = expression.free_symbols - symbols
    if _differs(expression, held, intervals, FIRST_SEED):
        return True
    fresh = {s: sp.Dummy(s.name, **s.assumptions0) for s in expression.free_symbols & symbols}
    if is_zero(expression - expression.xreplace(fresh)):
        return False
    # sign(c − x)·sign(c − x') varies for c between x and x' only: other places may show it.
    seeds = range(FIRST_SEED + 1, FIRST_SEED + PLACES)
    return True if held and any(_differs(expression, held, intervals, seed) for seed in seeds) else None


def _differs(expression: sp.Expr, held: Set[sp.Symbol], intervals: Intervals, seed: int) -> bool:
    """Has it two disjoint enclosures with the held symbols at one place?"""
    first = None
    for value in values_of(expression, held, freeze=held, intervals=intervals, seed=seed):
        if first is None:
            first = value
        elif value.a > first.b or value.b < first.a:
            return True
    return False


def size(expression: sp.Expr) -> int:
    """The number of nodes, counted no further than the limit."""
    count = 0
    for _ in sp.preorder_traversal(expression):
        count += 1
        if count > MAX_OPERATIONS:
            break
    return count


def values_of(
    expression: sp.Expr,
    positive: Set[sp.Symbol] = frozenset(),
    freeze: Set[sp.Symbol] = frozenset(),
    intervals: Intervals = (),
    seed: int = FIRST_SEED,
) -> Iterator[Any]:
    """Enclosures at random rational points.

    Symbols with an interval are drawn inside it, the others in ``positive`` are positive; those in
    ``freeze`` keep one value.
    """
    rng = random.Random(seed)
    bounded = {s: (low, high) for s, low, high in intervals if low.is_finite and high.is_finite}
    symbols = sorted(expression.free_symbols, key=lambda s: s.name)
    frozen = {
        s: _inside(rng, *bounded[s]) if s in bounded else _draw(rng, True)
        for s in sorted(freeze, key=lambda s: s.name)
    }
    signed = {s for s, low, _ in intervals if low == 0} | positive
    for k in range(POINTS):
        scale = SCALES[k % len(SCALES)]
        point = {}
        for s in symbols:
            if s in frozen:
                point[s] = frozen[s]
            elif s in bounded:
                point[s] = _inside(rng, *bounded[s])
            else:
                point[s] = _draw(rng, s in signed or bool(s.is_positive)) * scale
        spend(NODE_ENCLOSED * nodes_of(expression))
        try:
            yield at_point(expression, point)
        except Unenclosed:
            continue


def _inside(rng: random.Random, low: sp.Expr, high: sp.Expr) -> sp.Rational:
    """A rational strictly between two numbers (their ends rounded inwards)."""
    a, b = (sp.Rational(str(sp.N(end, 20))) if not end.is_Rational else end for end in (low, high))
    return a + (b - a) * sp.Rational(rng.randint(40, 957), 997)


def _draw(rng: random.Random, positive: bool) -> sp.Rational:
    value = sp.Rational(rng.randint(50, 2500), 997)
    return value if positive or rng.random() < 0.5 else -value


def _simplifies_to_zero(expression: sp.Expr) -> bool:
    nodes = exponential_nodes(expression)
    if size(expression) > MAX_SIMPLIFY or nodes > MAX_OPERATIONS:
        return False
    spend(NODE_SIMPLIFIED * size(expression) + nodes)
    functions = (sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)
    signs: dict[sp.Expr, sp.Symbol] = {}
    rewritten = _split_signs(without_pieces(expression), signs)
    rewritten = rewritten.rewrite(sp.exp) if rewritten.has(*functions) else rewritten
    if not may_cancel(rewritten):
        return False
    numerator, _ = sp.fraction(sp.together(rewritten))
    if size(numerator) > MAX_OPERATIONS or (expanded := expand(numerator)) is None:
        return False
    spend(NODE_SIMPLIFIED * nodes_of(expanded))
    flat = sp.expand(sp.powsimp(expanded, deep=True))
    for symbol in signs.values():  # sign(a)^2 = 1 almost everywhere
        flat = sp.expand(
            flat.replace(
                lambda node, s=symbol: node.is_Pow and node.base == s and node.exp.is_Integer,
                lambda node, s=symbol: s ** (int(node.exp) % 2),
            )
        )
    return bool(flat == 0)


def _split_signs(node: sp.Expr, signs: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """Write |a| as a·sign(a) and log(a^n) as n·log|a| for even n, one symbol for each sign(a)."""
    if not node.args:
        return node
    args = [_split_signs(argument, signs) for argument in node.args]
    if isinstance(node, sp.Abs | sp.sign) and node.args[0].is_Mul:
        return sp.Mul(*(_split_signs(node.func(factor), signs) for factor in node.args[0].args))
    if isinstance(node, sp.Abs | sp.sign):
        inner = node.args[0]
        symbol = signs.setdefault(inner, sp.Dummy("sign", real=True, nonzero=True))
        return symbol if isinstance(node, sp.sign) else args[0] * symbol
    if isinstance(node, sp.log):
        inner = node.args[0]
        if inner.is_Pow and inner.exp.is_Integer:
            return inner.exp * sp.log(_split_signs(sp.Abs(inner.base), signs))
    return node.func(*args)
