"""Wrong rules, one per kind, each planted into ``classify``: an oracle that is worth anything finds them.

A plant asks the package about another problem, the one that the wrong rule takes the given one for, or alters
its answer as the wrong rule would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp

import ntk_theory as nt
from rules_oracle.compare import Classify, ask
from rules_oracle.kinds import ONE, SLOTS, U, V, X, at, box, exp, square
from rules_oracle.problems import OracleProblem, Row
from rules_oracle.tree import Node, add, call, minus, mul, negate, number, pin, power


@dataclass(frozen=True)
class Regime:
    """One answer, as a classification gives it."""

    limit: str
    norm_exponent: sp.Expr | None
    probability: float | None = None


class Altered:
    """A classification whose regimes a function alters."""

    def __init__(self, original: Any, alter: Callable[[Any, str, Fraction], Any]) -> None:
        self.original, self.alter, self.sharp = original, alter, original.sharp

    def regime(self, block: str, s: Fraction) -> Any:
        return self.alter(self.original, block, s)


def _rewritten(node: Node, rule: Callable[[Node], Node | None]) -> Node:
    if node[0] in {"number", "coordinate", "jet"}:
        return node
    changed = rule(node)
    return changed or (node[0], *(_rewritten(a, rule) if isinstance(a, tuple) else a for a in node[1:]))


def _about(change: Callable[[OracleProblem], OracleProblem]) -> Classify:
    return lambda problem, bias: ask(change(problem), bias)


def _about_rows(change: Callable[[Row], Row]) -> Classify:
    return _about(lambda p: replace(p, rows=tuple(change(row) for row in p.rows)))


def _about_nodes(rule: Callable[[Node], Node | None]) -> Classify:
    return _about_rows(lambda row: replace(row, node=_rewritten(row.node, rule)))


def _factor_by_factor(node: Node) -> Node | None:
    """exp(a)·exp(b) has the degrees of a·b."""
    return mul(node[1][1], node[2][1]) if node[0] == "*" and node[1][0] == node[2][0] == "exp" else None


def _unknown_is_plus(node: Node) -> Node | None:
    """An exponent whose sign is not known grows."""
    return exp(power(node[1][2][1], 2)) if node[0] == "exp" and node[1][0] == "*" else None


def _one_x(node: Node) -> Node | None:
    """|u − x| at x and x' has the same sign twice, as |u| has."""
    return call("abs", pin(node[1], {"x": Fraction(0), "t": Fraction(0)})) if node[0] == "abs" else None


def _products(classification: Any, block: str, s: Fraction) -> Any:
    """Random as soon as one product of leading coefficients is."""
    regime = classification.regime(block, s)
    return Regime("random", sp.Integer(0)) if s > Fraction(1, 2) else regime


def _off_centre(row: Row) -> Row:
    """No two faces are images of each other."""
    return replace(
        row, faces=tuple({v: q * (Fraction(2, 3) if q > 0 else 1) for v, q in f.items()} for f in row.faces)
    )


def _hard_part_wins(classification: Any, block: str, s: Fraction) -> Any:
    """A block is what its least certain part is."""
    return classification.regime("f1,f1" if block == "ff" else block, s)


def _no_mixtures(classification: Any, block: str, s: Fraction) -> Any:
    """What happens with probability one half happens."""
    regime = classification.regime(block, s)
    return Regime("diverges", None) if s < Fraction(1, 2) else regime


def _alter(alter: Callable[[Any, str, Fraction], Any]) -> Classify:
    return lambda problem, bias: Altered(ask(problem, bias), alter)


def _f(*nodes: Node, **given: Any) -> OracleProblem:
    names = ("f",) if len(nodes) == 1 else ("f1", "f2")
    return OracleProblem(tuple(Row(n, node) for n, node in zip(names, nodes, strict=True)), **given)


_UX, _UT = SLOTS[0], SLOTS[1]
_ENDS = (at(x=-1), at(x=1))
_PAIRS = (Row("p", U, _ENDS, True), Row("q", _UX, _ENDS, True), Row("f", minus(_UT, SLOTS[2])))

#: Kind: the wrong rule, and a problem on which it goes wrong.
PLANTS: Mapping[int, tuple[Classify, OracleProblem]] = {
    1: (_about_nodes(_factor_by_factor), _f(mul(exp(U), exp(_UX)))),
    2: (_about_nodes(_unknown_is_plus), _f(exp(negate(square(add(_UX, U)))))),
    3: (_about_nodes(_one_x), _f(call("abs", minus(U, X)))),
    4: (_alter(_products), _f(power(add(square(U), square(V)), "1/2"), fields=("u", "v"))),
    5: (_about_rows(_off_centre), OracleProblem(_PAIRS, box=box((-1, 1)))),
    6: (
        _about_rows(lambda row: replace(row, faces=())),
        OracleProblem((Row("c", add(mul(X, square(U)), _UX), (at(x=0),)), Row("f", minus(_UT, SLOTS[2])))),
    ),
    7: (
        _about(lambda p: replace(p, box=box())),
        _f(exp(negate(mul(X, square(_UX)))), box=box((-1, 1))),
    ),
    8: (_alter(_hard_part_wins), _f(exp(negate(square(_UX))), add(_UT, power(U, 3)))),
    11: (_alter(_no_mixtures), _f(exp(U))),
}

__all__ = ["ONE", "PLANTS", "nt", "number"]
