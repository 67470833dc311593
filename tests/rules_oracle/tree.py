"""Expression trees of operators F(x, jets): their text, and F_α by reverse accumulation in mpmath.

A node is a hash-consed tuple (operation, *arguments): ("number", Fraction), ("coordinate", name),
("jet", field, α), ("+", a, b), ("*", a, b), ("^", a, Fraction), or (function, a). Their
sums and products are binary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf
from mpmath.libmp import fone, mpf_add, mpf_mul, mpf_shift

Node = tuple[Any, ...]
Slot = tuple[str, tuple[int, ...]]
#: mpmath's numbers without their wrapper (sign, mantissa, exponent, bits): half the time of an operation.
Raw = tuple[int, int, int, int]
#: exp beyond e^(2^14000) is not representable in bounded memory.
LARGEST_ARGUMENT_BITS = 14_000


class UndefinedError(ArithmeticError):
    """The operator has no real value at these jets."""


class BeyondReachError(ArithmeticError):
    """A value too large for any floating-point number, such as exp(exp(10^192))."""


def number(value: int | str | Fraction) -> Node:
    return ("number", Fraction(value))


def coordinate(name: str) -> Node:
    return ("coordinate", name)


def jet(field: str, index: tuple[int, ...]) -> Node:
    return ("jet", field, index)


def add(*terms: Node) -> Node:
    """The sum, with zeros dropped and numbers folded pairwise."""
    total: Node = number(0)
    for term in terms:
        if total[0] == "number" and term[0] == "number":
            total = number(total[1] + term[1])
        elif total == number(0):
            total = term
        elif term != number(0):
            total = ("+", total, term)
    return total


def mul(*factors: Node) -> Node:
    """The product; a factor 0 makes it 0, whatever the others are."""
    total: Node = number(1)
    for factor in factors:
        if number(0) in {total, factor}:
            total = number(0)
        elif total[0] == "number" and factor[0] == "number":
            total = number(total[1] * factor[1])
        elif total == number(1):
            total = factor
        elif factor != number(1):
            total = ("*", total, factor)
    return total


def power(base: Node, exponent: int | str | Fraction) -> Node:
    q = Fraction(exponent)
    if q == 0:
        return number(1)
    if q == 1:
        return base
    if base[0] == "number" and (q.denominator == 1 or base[1] in {0, 1}) and (base[1] or q > 0):
        return number(base[1] ** int(q)) if q.denominator == 1 else base
    return ("^", base, q)


def negate(a: Node) -> Node:
    return mul(number(-1), a)


def minus(a: Node, b: Node) -> Node:
    return add(a, negate(b))


def over(a: Node, b: Node) -> Node:
    return mul(a, power(b, -1))


def call(name: str, a: Node) -> Node:
    """A function of one argument; those that are 0 at 0 fold there."""
    if a == number(0) and name in {"abs", "sign", "sin", "tanh", "sinh", "erf", "atan"}:
        return number(0)
    return (name, a)


def is_affine(node: Node) -> bool:
    """Whether no F_α depends on the jets, as the tree shows it."""
    return _degree(node) <= 1


def _degree(node: Node) -> int:
    """1 for affine, 2 for anything else that holds a jet."""
    kind = node[0]
    if kind in {"number", "coordinate"}:
        return 0
    if kind == "jet":
        return 1
    parts = [_degree(a) for a in node[1:] if isinstance(a, tuple)]
    if kind == "+":
        return max(parts)
    return sum(parts) if kind == "*" else 2 * max(parts)


def pin(node: Node, values: Mapping[str, Fraction]) -> Node:
    """The tree with coordinates replaced by numbers."""
    kind = node[0]
    if kind == "coordinate":
        return number(values[node[1]]) if node[1] in values else node
    if kind in {"number", "jet"}:
        return node
    arguments = [pin(a, values) if isinstance(a, tuple) else a for a in node[1:]]
    if kind == "+":
        return add(*arguments)
    if kind == "*":
        return mul(*arguments)
    return power(*arguments) if kind == "^" else call(kind, arguments[0])


def text(node: Node, variables: tuple[str, ...]) -> str:
    """The tree in the package's grammar."""
    kind = node[0]
    if kind == "number":
        value = node[1]
        return str(value) if value.denominator == 1 and value >= 0 else f"({value})"
    if kind == "coordinate":
        return str(node[1])
    if kind == "jet":
        letters = "".join(v * n for v, n in zip(variables, node[2], strict=True))
        return f"{node[1]}_{letters}" if letters else str(node[1])
    if kind == "+":
        return " + ".join(text(a, variables) for a in node[1:])
    if kind == "*":
        return "*".join(_wrapped(a, "+", variables) for a in node[1:])
    if kind == "^":
        shown = str(node[2]) if node[2].denominator == 1 and node[2] > 0 else f"({node[2]})"
        return f"{_wrapped(node[1], '+*^', variables)}^{shown}"
    return f"{kind}({text(node[1], variables)})"


def _wrapped(node: Node, looser: str, variables: tuple[str, ...]) -> str:
    shown = text(node, variables)
    return f"({shown})" if node[0] in looser else shown


def _exp(a: mpf) -> mpf:
    if a and mp.mag(a) > LARGEST_ARGUMENT_BITS:
        raise BeyondReachError
    return mp.exp(a)


def _log(a: mpf) -> mpf:
    if a <= 0:
        raise UndefinedError
    return mp.log(a)


def _tanh(a: mpf) -> mpf:
    if mp.mag(a) > 40:
        return mp.sign(a)
    return mp.tanh(a)


def _sech2(a: mpf) -> mpf:
    grown = _exp(2 * abs(a))
    return 4 * grown / (1 + grown) ** 2


def _erf(a: mpf) -> mpf:
    return mp.sign(a) if mp.mag(a) > 40 else mp.erf(a)


def _two_exponentials(a: mpf, sign: int) -> mpf:
    grown = _exp(a)
    return (grown + sign / grown) / 2


#: Value and derivative of every function; the derivative may use the value, its second argument.
FUNCTIONS: Mapping[str, tuple[Callable[[mpf], mpf], Callable[[mpf, mpf], mpf]]] = {
    "exp": (_exp, lambda _a, v: v),
    "log": (_log, lambda a, _v: 1 / a),
    "sin": (mp.sin, lambda a, _v: mp.cos(a)),
    "cos": (mp.cos, lambda a, _v: -mp.sin(a)),
    "tanh": (_tanh, lambda a, _v: _sech2(a)),
    "sinh": (
        lambda a: _two_exponentials(a, -1) if mp.mag(a) > 0 else mp.sinh(a),
        lambda a, _v: _two_exponentials(a, 1),
    ),
    "cosh": (
        lambda a: _two_exponentials(a, 1),
        lambda a, _v: _two_exponentials(a, -1) if mp.mag(a) > 0 else mp.sinh(a),
    ),
    "erf": (_erf, lambda a, _v: 2 / mp.sqrt(mp.pi) * _exp(-a * a)),
    "atan": (mp.atan, lambda a, _v: 1 / (1 + a * a)),
    "abs": (abs, lambda a, _v: mp.sign(a)),
    "sign": (mp.sign, lambda _a, _v: mpf(0)),
}


def _power(a: mpf, q: Fraction) -> mpf:
    if q.denominator == 1:
        if not a and q < 0:
            raise UndefinedError
        return a ** int(q)
    if a < 0 or (not a and q < 0):
        raise UndefinedError
    return mp.sqrt(a) if q == Fraction(1, 2) else a ** (mpf(q.numerator) / q.denominator)


@dataclass(frozen=True)
class Program:
    """A tree as a list of steps, every distinct subtree once; the last step is the value."""

    steps: tuple[Node, ...]
    slots: tuple[Slot, ...]
    affine: bool

    @classmethod
    def of(cls, node: Node) -> Program:
        """Post-order numbering of the distinct subtrees."""
        places: dict[Node, int] = {}
        steps: list[Node] = []

        def visit(current: Node) -> int:
            if current not in places:
                arguments = (
                    tuple(
                        visit(a) if isinstance(a, tuple) and a and isinstance(a[0], str) else a
                        for a in current[1:]
                    )
                    if current[0] not in {"jet"}
                    else current[1:]
                )
                places[current] = len(steps)
                steps.append((current[0], *arguments))
            return places[current]

        visit(node)
        return cls(tuple(steps), tuple((s[1], s[2]) for s in steps if s[0] == "jet"), is_affine(node))

    def gradient(self, point: Mapping[str, Raw], jets: Mapping[Slot, Raw]) -> dict[Slot, Raw]:
        """F_α at a point and jets, for every slot that the tree names, in mpmath's raw numbers."""
        precision = mp.prec
        values: list[Raw] = []
        for step in self.steps:
            values.append(_value(step, values, point, jets, precision))
        bars: list[Raw | None] = [None] * len(values)
        bars[-1] = fone
        found = {}
        for k in range(len(values) - 1, -1, -1):
            bar, step = bars[k], self.steps[k]
            if bar is None or step[0] in {"number", "coordinate"}:
                continue
            if step[0] == "jet":
                found[step[1], step[2]] = bar
                continue
            for place, slope in _slopes(step, values, k, precision):
                part = bar if slope is fone else mpf_mul(bar, slope, precision)
                old = bars[place]
                bars[place] = part if old is None else mpf_add(old, part, precision)
        return found


def _value(
    step: Node, values: list[Raw], point: Mapping[str, Raw], jets: Mapping[Slot, Raw], precision: int
) -> Raw:
    kind = step[0]
    if kind == "jet":
        return jets[step[1], step[2]]
    if kind == "*":
        return mpf_mul(values[step[1]], values[step[2]], precision)
    if kind == "+":
        return mpf_add(values[step[1]], values[step[2]], precision)
    if kind == "number":
        return (mpf(step[1].numerator) / step[1].denominator)._mpf_
    if kind == "coordinate":
        return point[step[1]]
    a = mp.make_mpf(values[step[1]])
    return (_power(a, step[2]) if kind == "^" else FUNCTIONS[kind][0](a))._mpf_


def _slopes(step: Node, values: list[Raw], k: int, precision: int) -> tuple[tuple[int, Raw], ...]:
    """The places of a step's arguments, each with the step's derivative in it."""
    kind, a = step[0], step[1]
    if kind == "+":
        return (a, fone), (step[2], fone)
    if kind == "*":
        return (a, values[step[2]]), (step[2], values[a])
    base = mp.make_mpf(values[a])
    if kind != "^":
        return ((a, FUNCTIONS[kind][1](base, mp.make_mpf(values[k]))._mpf_),)
    q = step[2]
    if q == 2:
        return ((a, mpf_shift(values[a], 1)),)
    return ((a, (mpf(q.numerator) / q.denominator * _power(base, q - 1))._mpf_),)
