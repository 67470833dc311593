"""One normal form for exponentials: a rational function of independent ones, numerator over denominator.

exp(u)·exp(u_x) and exp(u + u_x), 1/(1 + exp(−u)) and (1 + tanh(u/2))/2, 1/cosh(u) and
2/(exp(u) + exp(−u)) become the same expression. Hyperbolic functions are rational in exponentials;
every exponent is a sum of products of rational numbers and *monomials*, and exp(m/D) with D the
common denominator of what multiplies the monomial m is taken as an independent symbol.
"""

from __future__ import annotations

import sympy as sp

from ntk_theory.symbolic.effort import NODE_COMBINED, counted, may_cancel, nodes_of, spend
from ntk_theory.symbolic.zero import size

#: Larger expressions stay as they are.
MAX_SIZE = 250
_HYPERBOLIC = (sp.sinh, sp.cosh, sp.tanh)


@counted
def normal_form(expression: sp.Expr) -> sp.Expr:
    """The expression as one fraction in independent exponentials, cancelled.

    >>> u, v = sp.symbols("u v", real=True)
    >>> normal_form(1 / (1 + sp.exp(-u))) == normal_form((1 + sp.tanh(u / 2)) / 2)
    True
    >>> normal_form(sp.exp(u) * sp.exp(v)) == normal_form(sp.exp(u + v))
    True
    """
    if not expression.has(sp.exp, *_HYPERBOLIC) or size(expression) > MAX_SIZE:
        return expression
    rewritten = _inside_first(expression)
    exponents = [node.args[0] for node in rewritten.atoms(sp.exp)]
    generators = _generators(exponents)
    swap = {}
    for exponent in exponents:
        factors = [generators[m][0] ** (c * generators[m][1]) for m, c in _terms(exponent)]
        swap[sp.exp(exponent)] = sp.Mul(*factors)
    rational = rewritten.xreplace(swap)
    if not may_cancel(rational):
        return expression
    hidden, shown = _without_functions(rational)
    try:
        cancelled = sp.cancel(sp.together(hidden)).xreplace(shown)
    except (sp.PolynomialError, NotImplementedError):
        cancelled = rational
    back = {symbol: sp.exp(monomial / d) for monomial, (symbol, d) in generators.items()}
    found = cancelled.xreplace(back)
    # What multiplying out has made is known only now.
    spend(NODE_COMBINED * max(0, nodes_of(found) - nodes_of(expression)))
    # The powers of each product of generators become one exponential again.
    return sp.powsimp(found, combine="exp")


def _without_functions(expression: sp.Expr) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr]]:
    """The expression with a symbol for every outermost function, and the way back.

    To a quotient of polynomials they are generators; as symbols their arguments are not gone through again
    with every term.
    """
    nodes = sorted(expression.atoms(sp.Function), key=sp.default_sort_key)
    symbols = {
        node: sp.Dummy("f", real=node.is_real, nonnegative=node.is_nonnegative, positive=node.is_positive)
        for node in nodes
    }
    return expression.xreplace(symbols), {symbol: node for node, symbol in symbols.items()}


def _inside_first(node: sp.Expr) -> sp.Expr:
    """The expression with hyperbolic functions in exponentials, arguments of other functions normalised."""
    if not node.args:
        return node
    if isinstance(node, (sp.exp, *_HYPERBOLIC)):
        inner = sp.expand(normal_form(node.args[0]))
        if isinstance(node, sp.exp):
            return sp.exp(inner)
        up, down = sp.exp(inner), sp.exp(-inner)
        if isinstance(node, sp.sinh):
            return (up - down) / 2
        return (up + down) / 2 if isinstance(node, sp.cosh) else (up - down) / (up + down)
    if isinstance(node, sp.Function | sp.Abs | sp.sign):
        return node.func(*(normal_form(a) for a in node.args))
    return node.func(*(_inside_first(a) for a in node.args))


def _terms(exponent: sp.Expr) -> list[tuple[sp.Expr, sp.Rational]]:
    """(monomial, rational coefficient) of every term of an exponent."""
    found = []
    for term in sp.Add.make_args(sp.expand(exponent)):
        coefficient, monomial = term.as_coeff_Mul()
        if not coefficient.is_Rational:
            coefficient, monomial = sp.S.One, term
        found.append((monomial, coefficient))
    return found


def _generators(exponents: list[sp.Expr]) -> dict[sp.Expr, tuple[sp.Symbol, int]]:
    """Monomial → (symbol for exp(monomial/D), D)."""
    denominators: dict[sp.Expr, int] = {}
    for exponent in exponents:
        for monomial, coefficient in _terms(exponent):
            denominators[monomial] = sp.ilcm(denominators.get(monomial, 1), coefficient.q)
    return {m: (sp.Dummy("E", positive=True), d) for m, d in denominators.items()}
