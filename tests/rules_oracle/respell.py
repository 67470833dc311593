"""The same function in other words: products of exponentials, expanded squares, tanh by exponentials."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

from rules_oracle.tree import Node, add, call, minus, mul, negate, number, over, power

Rule = Callable[[Node], Node | None]


def exp(a: Node) -> Node:
    return call("exp", a)


def _exp_of_sum(node: Node) -> Node | None:
    if node[0] == "exp" and node[1][0] == "+":
        return mul(exp(node[1][1]), exp(node[1][2]))
    return None


def _product_of_exps(node: Node) -> Node | None:
    if node[0] == "*" and node[1][0] == node[2][0] == "exp":
        return exp(add(node[1][1], node[2][1]))
    return None


def _exp_of_negative(node: Node) -> Node | None:
    return over(number(1), exp(negate(node[1]))) if node[0] == "exp" else None


def _square_of_sum(node: Node) -> Node | None:
    if node[0] == "^" and node[2] == 2 and node[1][0] == "+":
        _, a, b = node[1]
        return add(power(a, 2), mul(number(2), a, b), power(b, 2))
    return None


def _square(node: Node) -> Node | None:
    return mul(node[1], node[1]) if node[0] == "^" and node[2] == 2 else None


def _tanh(node: Node) -> Node | None:
    if node[0] != "tanh":
        return None
    up, down = exp(node[1]), exp(negate(node[1]))
    return over(minus(up, down), add(up, down))


def _tanh_by_one(node: Node) -> Node | None:
    if node[0] != "tanh":
        return None
    return minus(number(1), over(number(2), add(number(1), exp(mul(number(2), node[1])))))


def _hyperbolic(node: Node) -> Node | None:
    if node[0] not in {"sinh", "cosh"}:
        return None
    up, down = exp(node[1]), exp(negate(node[1]))
    both = add(up, down) if node[0] == "cosh" else minus(up, down)
    return mul(number("1/2"), both)


def _distribute(node: Node) -> Node | None:
    if node[0] == "*" and node[2][0] == "+":
        return add(mul(node[1], node[2][1]), mul(node[1], node[2][2]))
    return None


def _commute(node: Node) -> Node | None:
    return (node[0], node[2], node[1]) if node[0] in {"+", "*"} else None


def _root_of_square(node: Node) -> Node | None:
    return power(power(node[1], 2), "1/2") if node[0] == "abs" else None


def _power_of_abs(node: Node) -> Node | None:
    if node[0] == "^" and node[1][0] == "abs":
        return power(power(node[1][1], 2), Fraction(node[2]) / 2)
    return None


RULES: tuple[Rule, ...] = (
    *(_exp_of_sum, _product_of_exps, _exp_of_negative, _square_of_sum, _square, _tanh, _tanh_by_one),
    *(_hyperbolic, _distribute, _commute, _root_of_square, _power_of_abs),
)


def respell(node: Node, rng: random.Random) -> Node:
    """Every place where a rule applies is rewritten with probability one half."""
    if node[0] in {"number", "coordinate", "jet"}:
        return node
    rules = [rule for rule in RULES if rule(node) is not None]
    if rules and rng.random() < 0.5:
        changed = rng.choice(rules)(node)
        assert changed is not None
        node = changed
        if node[0] in {"number", "coordinate", "jet"}:
            return node
    parts = [respell(a, rng) if isinstance(a, tuple) else a for a in node[1:]]
    return (node[0], *parts)
