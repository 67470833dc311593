"""Problems of the kinds on which rules for degrees go wrong, as many of each as asked for.

Each maker takes a Random and returns one member of its kind; the docstring says what a rule must see there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from rules_oracle.problems import Face, OracleProblem, Row
from rules_oracle.respell import respell
from rules_oracle.tree import Node, add, call, coordinate, jet, minus, mul, negate, number, over, power

X, T = coordinate("x"), coordinate("t")
U, V = jet("u", (0, 0)), jet("v", (0, 0))
SLOTS = tuple(jet("u", index) for index in ((1, 0), (0, 1), (2, 0), (0, 2), (1, 1), (3, 0)))
Maker = Callable[[random.Random], OracleProblem]

ONE = number(1)


def exp(a: Node) -> Node:
    return call("exp", a)


def square(a: Node) -> Node:
    return power(a, 2)


def box(x: tuple[int, int] = (0, 1), t: tuple[int, int] = (0, 1)) -> dict[str, tuple[Fraction, Fraction]]:
    return {"x": (Fraction(x[0]), Fraction(x[1])), "t": (Fraction(t[0]), Fraction(t[1]))}


def at(**values: int | str) -> Face:
    return {name: Fraction(value) for name, value in values.items()}


def _small(rng: random.Random) -> Node:
    return number(rng.choice((1, 2, 3, "1/2", -1, -2)))


def _two(rng: random.Random, value: bool = True) -> tuple[Node, Node]:
    first, second = rng.sample((U, *SLOTS) if value else SLOTS, 2)
    return first, second


def _alone(node: Node, **given: object) -> OracleProblem:
    return OracleProblem((Row("f", node),), **given)  # type: ignore[arg-type]


def spelling(rng: random.Random) -> OracleProblem:
    """One function, two texts: one answer."""
    a, b = _two(rng)
    c = rng.choice(SLOTS)
    node = rng.choice(
        (
            exp(add(a, b)),
            exp(add(b, c)),
            add(c, exp(add(a, mul(_small(rng), b)))),
            over(ONE, add(ONE, exp(negate(a)))),
            minus(c, over(ONE, add(ONE, exp(negate(U))))),
            add(c, call("tanh", a)),
            call("tanh", add(a, b)),
            add(mul(b, call("tanh", a)), c),
            add(call("cosh", a), c),
            mul(call("sinh", a), b),
            call("log", add(ONE, exp(a))),
            add(c, call("log", add(ONE, exp(U)))),
            square(add(a, b)),
            power(call("abs", a), "3/2"),
            add(mul(c, call("abs", a)), b),
            over(a, add(ONE, square(add(a, b)))),
        )
    )
    for _ in range(20):
        other = _LOGISTIC(node) if rng.random() < 0.4 else respell(node, rng)
        if other not in {None, node}:
            break
    return replace(_alone(node), kind=1, respelled=None if other == node else other)


def _LOGISTIC(node: Node) -> Node:
    """Logistic functions by tanh, wherever they occur."""
    if node[0] in {"number", "coordinate", "jet"}:
        return node
    if node[0] == "^" and node[2] == -1 and node[1][0] == "+" and node[1][2][0] == "exp":
        half = mul(number("-1/2"), node[1][2][1])
        return mul(number("1/2"), add(ONE, call("tanh", half)))
    return (node[0], *(_LOGISTIC(a) if isinstance(a, tuple) else a for a in node[1:]))


def unknown_sign(rng: random.Random) -> OracleProblem:
    """The leading term of an argument has no sign, or one that only its inertia shows."""
    a, b = _two(rng)
    k = _small(rng)
    plane = add(a, mul(k, b))
    definite = add(square(a), mul(a, b), square(b))
    node = rng.choice(
        (
            exp(negate(square(plane))),
            call("erf", plane),
            call("tanh", plane),
            mul(a, exp(negate(square(plane)))),
            exp(negate(definite)),
            exp(definite),
            over(ONE, call("cosh", plane)),
            power(add(ONE, square(plane)), "-3/2"),
            exp(negate(power(call("abs", plane), "1/2"))),
            mul(square(b), exp(negate(power(plane, 4)))),
            call("log", add(ONE, square(plane))),
            power(definite, "1/2"),
            exp(minus(mul(a, b), add(square(a), square(b)))),
            add(rng.choice(SLOTS), call("erf", plane)),
        )
    )
    return replace(_alone(node), kind=2)


def two_points(rng: random.Random) -> OracleProblem:
    """A coefficient's sign at x and at x' are two signs."""
    place = rng.choice((X, T, mul(_small(rng), X), square(X), add(X, T)))
    shifted = rng.choice((minus(U, place), add(U, place), minus(mul(number(2), U), place)))
    c = rng.choice(SLOTS)
    size = call("abs", shifted)
    node = rng.choice(
        (
            size,
            add(size, c),
            mul(size, c),
            power(size, "3/2"),
            mul(number("1/2"), add(shifted, size)),
            mul(shifted, size),
            power(square(shifted), "1/2"),
            call("atan", over(ONE, shifted)),
            mul(U, call("sign", shifted)),
            add(c, mul(U, call("sign", shifted))),
            add(U, size),
        )
    )
    return replace(_alone(node), kind=3)


def the_sum(rng: random.Random) -> OracleProblem:
    """The sum over fields is constant or vanishes where its products do neither."""
    k, radius = _small(rng), add(square(U), square(V))
    c, d = rng.choice(SLOTS), jet("v", rng.choice(SLOTS)[2])
    pairs: tuple[tuple[Node, ...], ...] = (
        (power(radius, "1/2"),),
        (add(power(radius, "1/2"), c),),
        (power(add(square(U), mul(number(4), square(V))), "1/2"),),
        (mul(number("1/2"), minus(square(U), square(V))), mul(U, V)),
        (add(mul(number("1/2"), minus(square(U), square(V))), c), add(mul(U, V), d)),
        (minus(power(U, 3), mul(number(3), U, square(V))), minus(mul(number(3), square(U), V), power(V, 3))),
        (mul(exp(U), call("cos", V)), mul(exp(U), call("sin", V))),
        (mul(number("1/2"), call("log", radius)), call("atan", over(V, U))),
        (add(U, mul(k, V)), minus(mul(k, U), V)),
        (add(U, V, c), minus(U, V)),
        (call("abs", U), call("abs", V)),
        (power(add(radius, square(c)), "1/2"),),
        (add(mul(k, call("abs", U)), call("abs", V)),),
        (mul(k, radius), over(V, U)),
    )
    nodes = rng.choice(pairs)
    names = ["f"] if len(nodes) == 1 else ["f1", "f2"]
    rows = tuple(Row(name, node) for name, node in zip(names, nodes, strict=True))
    return OracleProblem(rows, ("u", "v"), kind=4)


def symmetry(rng: random.Random) -> OracleProblem:
    """T^∞ vanishes, or its sum over legs and slots does, by a symmetry of the two faces."""
    a = rng.choice((1, 2))
    ux, ut, uxx, utt, uxt, uxxx = SLOTS[0], SLOTS[1], SLOTS[2], SLOTS[3], SLOTS[4], SLOTS[5]
    ends, start = (at(x=-a), at(x=a)), (at(t=0),)
    wide = box((-a, a), (0, 1))
    periodic = {
        name: Row(name, node, ends, True) for name, node in (("p", U), ("q", ux), ("r", uxx), ("w", uxxx))
    }
    middle = (at(x=0),)
    origin, one, corner = (at(x=0, t=0),), (at(x=1, t=1),), (at(x=1, t=2),)
    plain, centred = box(), box((-1, 1), (-1, 1))
    pairs: tuple[tuple[Sequence[Row], Mapping[str, tuple[Fraction, Fraction]]], ...] = (
        ((periodic["p"], periodic["q"]), wide),
        ((periodic["p"], periodic["r"]), wide),
        ((periodic["q"], periodic["r"]), wide),
        ((periodic["p"], periodic["w"]), wide),
        ((periodic["p"], Row("c", U, middle)), wide),
        ((periodic["q"], Row("c", U, middle)), wide),
        ((periodic["p"], Row("c", ux, middle)), wide),
        ((periodic["q"], Row("c", uxx, middle)), wide),
        ((Row("p", U, start), Row("q", ut, start)), plain),
        ((Row("p", U, start), Row("q", utt, start)), plain),
        ((Row("p", ux, start), Row("q", uxt, start)), plain),
        ((Row("p", ux, middle), Row("q", U, middle)), plain),
        ((Row("p", minus(ux, ut), one), Row("q", U, one)), plain),
        ((Row("p", minus(uxx, utt), one), Row("q", U, one)), plain),
        ((Row("p", minus(uxx, utt), origin), Row("q", U, origin)), centred),
        ((Row("p", uxt, origin), Row("q", U, origin)), centred),
        ((Row("p", minus(ut, mul(number(2), ux)), corner), Row("q", U, corner)), box((0, 1), (0, 2))),
        ((Row("p", add(ut, mul(number(2), ux)), corner), Row("q", U, corner)), box((0, 1), (0, 2))),
        ((Row("p", mul(U, ut), start), Row("q", square(U), start)), plain),
        ((Row("p", mul(ut, ux), start), Row("q", U, start)), plain),
        ((Row("p", add(ut, square(U)), start), Row("q", U, start)), plain),
        ((Row("p", add(ut, power(U, 3)), start), Row("q", square(ux), start)), plain),
        ((periodic["p"], Row("q", square(ux), ends, True)), wide),
    )
    rows, where = rng.choice(pairs)
    return OracleProblem((*rows, Row("f", minus(ut, uxx))), box=where, kind=5)


def faces(rng: random.Random) -> OracleProblem:
    """A coefficient that vanishes on the face of its row."""
    c, d = rng.choice(SLOTS), rng.choice(SLOTS)
    nonlinear = rng.choice((square(U), power(c, 3), mul(U, c), exp(c), call("sin", U), call("abs", c)))
    left = at(x=0)
    rows = (
        Row("c", add(mul(X, c), mul(X, nonlinear)), (left,)),
        Row("c", add(mul(X, nonlinear), d), (left,)),
        Row("c", add(mul(minus(X, ONE), nonlinear), d), (at(x=1),)),
        Row("c", add(mul(minus(X, ONE), nonlinear), U), (at(x=1),)),
        Row("c", add(mul(T, nonlinear), c), (at(t=0),)),
        Row("c", mul(call("sin", X), nonlinear), (left,)),
        Row("c", add(mul(minus(ONE, square(X)), nonlinear), c), (at(x=-1), at(x=1)), True),
        Row("c", mul(minus(ONE, square(X)), nonlinear), (at(x=-1), at(x=1)), True),
        Row("c", add(mul(X, T, nonlinear), d), (at(x=0, t=0),)),
        Row("c", add(mul(X, nonlinear), d), (left, at(x=1))),
        Row("c", power(add(square(U), mul(X, square(d))), "1/2"), (left,)),
        Row("c", exp(mul(X, c)), (left,)),
    )
    return OracleProblem((rng.choice(rows), Row("f", minus(SLOTS[1], SLOTS[2]))), box=box((-1, 1)), kind=6)


def domain(rng: random.Random) -> OracleProblem:
    """A coefficient whose sign depends on where in the domain the point is."""
    x = rng.choice((X, power(X, 3), mul(number(2), X), add(X, number("1/4"))))
    a, c = rng.choice((U, *SLOTS)), rng.choice(SLOTS)
    node = rng.choice(
        (
            exp(negate(mul(x, square(a)))),
            exp(mul(x, square(a))),
            call("log", add(x, square(a))),
            power(add(x, square(a)), "1/2"),
            add(c, exp(negate(mul(x, square(a))))),
            mul(c, exp(negate(mul(x, call("abs", a))))),
            call("log", add(ONE, x, square(a))),
            mul(call("abs", x), square(a)),
            add(c, call("log", add(x, power(a, 4)))),
            over(ONE, add(x, square(a))),
            exp(negate(mul(square(x), square(a)))),
            call("erf", mul(x, a)),
        )
    )
    where = rng.choice((box((-1, 1)), box((-1, 0)), box((-2, -1)), box((0, 1)), box((1, 2))))
    return replace(_alone(node), box=where, kind=7)


def parts(rng: random.Random) -> OracleProblem:
    """A block of several parts, one hard and one that surely diverges."""
    a, b = _two(rng)
    hard = rng.choice(
        (
            exp(negate(square(add(a, b)))),
            call("erf", add(a, b)),
            over(ONE, add(ONE, exp(a))),
            exp(minus(square(a), square(b))),
            exp(a),
            call("log", add(ONE, exp(add(a, b)))),
            exp(mul(a, b)),
        )
    )
    easy = rng.choice(
        (add(SLOTS[1], power(U, 3)), mul(U, SLOTS[0]), add(power(U, 2), SLOTS[2]), minus(SLOTS[1], SLOTS[2]))
    )
    if rng.random() < 0.5:
        return OracleProblem((Row("f1", hard), Row("f2", easy)), kind=8)
    rows = (Row("c", U, (at(t=0),)), Row("d", U, (at(x=0), at(x=1))), Row("f1", easy), Row("f2", hard))
    return OracleProblem(rows, kind=8)


def mixtures(rng: random.Random) -> OracleProblem:
    """Classes that differ with positive probability."""
    a, b = _two(rng)
    c = rng.choice(SLOTS)
    node = rng.choice(
        (
            exp(a),
            exp(add(a, b)),
            add(exp(a), c),
            exp(power(a, 3)),
            mul(c, exp(a)),
            call("log", add(ONE, exp(a))),
            exp(mul(a, b)),
            exp(minus(square(a), square(b))),
            add(a, call("abs", a)),
            over(ONE, add(ONE, exp(a))),
            minus(call("cosh", a), call("sinh", a)),
            exp(add(a, power(b, 3))),
        )
    )
    return replace(_alone(node), kind=11)


#: Kinds whose members have a truth by evaluation; activation (9) and distributions (10) are decided in
#: ``refusals``.
KINDS: Mapping[int, Maker] = {
    1: spelling,
    2: unknown_sign,
    3: two_points,
    4: the_sum,
    5: symmetry,
    6: faces,
    7: domain,
    8: parts,
    11: mixtures,
}


def members(kind: int, count: int, seed: int = 0) -> list[OracleProblem]:
    """Different members of one kind, the same for the same seed."""
    rng = random.Random(f"{kind} {seed}")
    found: dict[str, OracleProblem] = {}
    for _ in range(60 * count):
        problem = KINDS[kind](rng)
        key = f"{problem} {problem.respelled}"
        found.setdefault(key, problem)
        if len(found) == count:
            break
    return list(found.values())
