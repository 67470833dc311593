"""Random problems: one or two fields, orders to 4, faces, corners, pairs, coefficients that vanish."""

from __future__ import annotations

import random
from fractions import Fraction

from rules_oracle.problems import Face, OracleProblem, Row
from rules_oracle.respell import respell
from rules_oracle.tree import Node, add, call, coordinate, jet, minus, mul, negate, number, over, power

X, T = coordinate("x"), coordinate("t")
ORDERS = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (4, 0), (2, 1))
BOXES = (((0, 1), (0, 1)), ((-1, 1), (0, 1)), ((-1, 1), (-1, 1)), ((1, 2), (0, 1)), ((0, 2), (0, 3)))


class Maker:
    """Draws the parts of one problem from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.fields = ("u",) if self.rng.random() < 0.7 else ("u", "v")
        (a, b), (c, d) = self.rng.choice(BOXES)
        self.box = {"x": (Fraction(a), Fraction(b)), "t": (Fraction(c), Fraction(d))}

    def pick(self, *options: Node) -> Node:
        return self.rng.choice(options)

    def jet(self, value: float = 0.3) -> Node:
        """A slot; the value itself with the given probability."""
        name = self.rng.choice(self.fields)
        return jet(name, (0, 0) if self.rng.random() < value else self.rng.choice(ORDERS))

    def coefficient(self) -> Node:
        if self.rng.random() < 0.5:
            return number(self.rng.choice(("1", "-1", "2", "1/2", "-5/3")))
        return self.pick(
            X, power(X, 2), T, add(number(1), power(X, 2)), call("sin", X), mul(X, T), minus(X, number(1))
        )

    def inner(self) -> Node:
        """An argument: a slot, a sum of two, or one shifted by a coordinate."""
        chance = self.rng.random()
        if chance < 0.6:
            return self.jet()
        if chance < 0.85:
            return add(self.jet(), mul(number(self.rng.choice((1, -1, 2))), self.jet()))
        return self.pick(minus(self.jet(), X), mul(X, self.jet()), add(self.jet(), number(1)))

    def factor(self) -> Node:
        a, q = self.inner(), Fraction(self.rng.choice(("1/2", "1", "3/2", "5/2", "1/3")))
        square = power(a, 2)
        chance = self.rng.random()
        if chance < 0.35:
            return self.jet()
        if chance < 0.5:
            return power(self.jet(), self.rng.choice((2, 3)))
        if chance < 0.62:
            return power(call("abs", a), q)
        return self.pick(
            call("sin", a), call("cos", a), call("tanh", a), call("erf", a), call("atan", a), call("exp", a),
            call("exp", negate(square)), over(number(1), add(number(1), square)),
            power(add(number(1), square), "1/2"), call("log", add(number(1), square)),
            call("log", call("abs", a)), over(self.jet(), add(number(1), square)),
            call("cosh", a), call("log", add(X, square)), call("exp", negate(mul(X, square))),
            power(add(square, power(self.jet(), 2)), "1/2"), over(number(1), add(number(1), call("exp", a))),
        )  # fmt: skip

    def operator(self, terms: int) -> Node:
        parts = []
        for _ in range(terms):
            factors = [self.factor() for _ in range(self.rng.choice((1, 1, 2)))]
            parts.append(mul(self.coefficient(), *factors))
        return add(*parts)

    def condition(self, name: str) -> Row:
        """A condition on a face, two faces, a corner or a periodic pair."""
        (a, b), (c, _) = self.box["x"], self.box["t"]
        left, right, start = {"x": a}, {"x": b}, {"t": c}
        u = jet(self.rng.choice(self.fields), (0, 0))
        ux, ut = (jet(u[1], index) for index in ((1, 0), (0, 1)))
        both: tuple[Face, ...] = (left, right)
        options = [
            (Row(name, u, (start,)), 4),
            (Row(name, ut, (start,)), 2),
            (Row(name, u, both), 2),
            (Row(name, ux, (left,)), 2),
            (Row(name, add(ux, mul(number(2), u)), (right,)), 1),
            (Row(name, u, both, True), 2),
            (Row(name, ux, both, True), 2),
            (Row(name, u, ({**left, **start},)), 1),
            (Row(name, minus(ux, ut), ({**right, **start},)), 1),
            (Row(name, self.operator(1), (self.rng.choice((left, right, start)),)), 4),
            (Row(name, self.operator(1), both, True), 1),
            (Row(name, add(mul(X, self.factor()), ux), (left,)), 1),
        ]
        return self.rng.choices([row for row, _ in options], [weight for _, weight in options])[0]


def random_problem(seed: int) -> OracleProblem:
    """One problem; half of them come with another spelling of the first equation."""
    maker = Maker(seed)
    count = 1 if len(maker.fields) == 1 else maker.rng.choice((1, 2))
    names = ["f"] if count == 1 else ["f1", "f2"]
    rows = [maker.condition(f"c{k}") for k in range(maker.rng.choice((0, 1, 1, 2)))]
    rows += [Row(name, maker.operator(maker.rng.choice((1, 2, 2, 3)))) for name in names]
    problem = OracleProblem(tuple(rows), maker.fields, box=maker.box)
    if maker.rng.random() < 0.5:
        return problem
    first = problem.equations[0].node
    other = respell(first, maker.rng)
    return problem if other == first else OracleProblem(**{**vars(problem), "respelled": other})
