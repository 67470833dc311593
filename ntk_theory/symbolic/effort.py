"""Work that is counted, so that every question is answered or refused soon, and alike on every machine.

The unit is one node of a product that is multiplied out; other operations on a node cost more or less of
them (``NODE_…``, in proportion to their time over random texts). What an operation costs is predicted from
the sizes of its operands before it is carried out (:func:`spend`), what an expansion made beyond that is
added once it is known; a question whose sum exceeds :data:`MAX_EFFORT` is refused
(:class:`~ntk_theory.errors.BudgetError`). No clock is read.

Results that are remembered between questions (:func:`counted`) remember their cost too, and every question
pays for them, so that an answer does not depend on what was asked before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, update_wrapper
from typing import Generic, ParamSpec, TypeVar

import sympy as sp
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.functions.elementary.trigonometric import TrigonometricFunction

from ntk_theory.errors import BudgetError
from ntk_theory.symbolic.measure import operations, shape_of
from ntk_theory.symbolic.sizes import ExpandedSize

#: Nodes that all expansions, evaluations and comparisons of one question may handle together.
MAX_EFFORT = 150_000
#: Nodes that one expansion may make; a larger one is not begun, and what depends on it is undecided.
MAX_EXPANSION = 20_000
#: Terms of numerator and denominator of a fraction that is to be cancelled; a larger one stays as it is.
MAX_FRACTION = 250_000
#: What a node costs: enclosed at a point, bounded over the reals, differentiated, rewritten and simplified.
NODE_ENCLOSED, NODE_BOUNDED, NODE_DERIVED, NODE_SIMPLIFIED = 1, 20, 15, 80
#: And factorised; with its powers combined.
NODE_FACTORED, NODE_COMBINED = 5, 2
#: What a product costs, and each of its terms, besides their nodes.
PRODUCT, PRODUCT_TERM = 10, 5
#: As many nodes of what an expansion may make at most cost one.
NODES_EXPANDED = 8

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Meter:
    """What was spent of what may be; ``question`` is the thing that is being decided, in words.

    ``limit`` is what the whole question may cost, ``paid`` the remembered results that were paid for.
    """

    most: float
    limit: float
    spent: int = 0
    question: str = ""
    paid: set[object] = field(default_factory=set)


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def _counting(meter: Meter) -> Iterator[Meter]:
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


@contextmanager
def limited(most: float = MAX_EFFORT) -> Iterator[Meter]:
    """Count the work done inside; more than ``most`` raises :class:`BudgetError`."""
    with _counting(Meter(most, most)) as meter:
        yield meter


def spend(nodes: int) -> None:
    """Pay for an operation that is about to be carried out; nothing is counted outside of a question."""
    meter = _METER.get()
    if meter is None:
        return
    meter.spent += nodes
    if meter.spent > meter.most:
        where = f" in {meter.question}" if meter.question else ""
        raise BudgetError(
            f"the answer takes more than {meter.limit:.0f} operations on expressions{where}; so many are "
            "allowed, that every answer comes soon",
            expected="a simpler operator (fewer functions inside each other, a total derivative of lower "
            "order, a new field for an inner expression) or fewer different conditions",
        )


def asking(question: str) -> None:
    """Name what is being decided from now on, for the refusal."""
    meter = _METER.get()
    if meter is not None:
        meter.question = question


class counted(Generic[P, T]):  # a decorator
    """Remember the results of a function of hashable arguments, each with what it costs by itself.

    Every question pays once for each result, whether it was remembered or not.
    """

    def __init__(self, function: Callable[P, T]) -> None:
        update_wrapper(self, function)

        @lru_cache(maxsize=20_000)
        def known(*args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
            outer = _METER.get() or Meter(math.inf, math.inf)
            # Counted by itself: what the question has paid for before must not make it cheaper.
            own = Meter(outer.most - outer.spent, outer.limit, question=outer.question)
            with _counting(own):
                return function(*args, **kwargs), own.spent

        self._known = known

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result, remembered or found now."""
        value, cost = self._known(*args, **kwargs)  # type: ignore[arg-type]  # hashable, as said above
        meter = _METER.get()
        if meter is not None:
            key = (self, args, tuple(kwargs.items()))
            if key not in meter.paid:
                meter.paid.add(key)
                spend(cost)
        return value


@lru_cache(maxsize=50_000)
def expanded_size(expression: sp.Expr) -> ExpandedSize:
    """How large the expression gets when it is multiplied out, predicted."""
    return shape_of(expression, None)


@lru_cache(maxsize=50_000)
def nodes_of(expression: sp.Expr) -> int:
    """The nodes of the expression as it stands, as a tree."""
    return operations(expression)


def expand(expression: sp.Expr) -> sp.Expr | None:
    """``expression`` multiplied out; ``None`` if that makes more than :data:`MAX_EXPANSION` nodes."""
    size = expanded_size(expression).size
    if size > MAX_EXPANSION:
        return None
    return expanded(expression)


def expanded(expression: sp.Expr) -> sp.Expr:
    """``expression`` multiplied out, whatever it makes; paid for before, nodes that were added after."""
    nodes = nodes_of(expression)
    spend(nodes + expanded_size(expression).size // NODES_EXPANDED)
    found = sp.expand(expression)
    spend(max(0, nodes_of(found) - nodes))
    return found


def fraction_terms(expression: sp.Expr) -> int:
    """The terms that numerator and denominator of an expression over one denominator may have, predicted.

    Both are polynomials in what is not a sum, product or whole power; with degrees at most n_g and d_g in
    the generator g there are at most Π_g (1 + n_g + d_g) products of powers. Greatest common divisors and
    factors are found with numbers of as many digits as that.
    """
    above, below = _degrees(expression)
    return math.prod(1 + above[g] + below[g] for g in above.keys() | below.keys())


@lru_cache(maxsize=50_000)
def _degrees(node: sp.Expr) -> tuple[Counter[sp.Expr], Counter[sp.Expr]]:
    """Bounds on the degrees of numerator and denominator in each generator."""
    if isinstance(node, sp.Rational):
        return Counter(), Counter()
    if isinstance(node, sp.Mul | sp.Add):
        parts = [_degrees(part) for part in node.args]
        below = sum((down for _, down in parts), Counter())
        if isinstance(node, sp.Mul):
            return sum((up for up, _ in parts), Counter()), below
        above: Counter[sp.Expr] = Counter()
        for up, down in parts:
            above |= up + (below - down)
        return above, below
    if isinstance(node, sp.Pow) and isinstance(node.exp, sp.Integer):
        above, below = (_times(own, abs(int(node.exp))) for own in _degrees(node.base))
        return (above, below) if node.exp > 0 else (below, above)
    return Counter({node: 1}), Counter()


def _times(degrees: Counter[sp.Expr], factor: int) -> Counter[sp.Expr]:
    return Counter({generator: factor * degree for generator, degree in degrees.items()})


def may_cancel(expression: sp.Expr) -> bool:
    """Pay for one fraction to be cancelled or factorised; ``False``: it is too large for that."""
    terms = fraction_terms(expression)
    if terms > MAX_FRACTION:
        return False
    spend(nodes_of(expression) * NODE_ENCLOSED + terms // NODES_EXPANDED)
    return True


@lru_cache(maxsize=50_000)
def exponential_nodes(node: sp.Expr) -> int:
    """The nodes with sin, cosh, … written as exponentials: their arguments come up to four times."""
    own = 1 + sum(exponential_nodes(part) for part in node.args)
    return 4 * own + 8 if isinstance(node, TrigonometricFunction | HyperbolicFunction) else own


def multiplied_size(a: sp.Expr, b: sp.Expr) -> tuple[int, int]:
    """(terms, nodes) of a·b with products of sums multiplied out, powers and functions left as they are."""
    return _distributed_product([_distributed(a), _distributed(b)])


@lru_cache(maxsize=50_000)
def _distributed(node: sp.Expr) -> tuple[int, int]:
    """(terms, nodes) of an expression with its products of sums multiplied out."""
    if isinstance(node, sp.Add):
        parts = [_distributed(part) for part in node.args]
        return sum(terms for terms, _ in parts), 1 + sum(nodes for _, nodes in parts)
    if isinstance(node, sp.Mul):
        return _distributed_product([_distributed(part) for part in node.args])
    return 1, nodes_of(node)


def _distributed_product(parts: Sequence[tuple[int, int]]) -> tuple[int, int]:
    terms = math.prod(own for own, _ in parts)
    return terms, terms + sum(nodes * (terms // own) for own, nodes in parts)
