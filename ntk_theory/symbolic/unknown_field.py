"""An unknown field: a coefficient a(x) that is a small network of its own (THEORY §9) [D].

    [unknowns]
    a = { of = ["x"], start = 1, width = 6, positive = false, seed = 0 }

    a(x) = start + n^{−1/2} Σ_k v_k tanh(w_k · x̃ + b_k) + c,     a = start · exp(…) if positive,

x̃ the domain's variables mapped onto [−1, 1], weights and biases N(0, 1) at the start, c = 0. Its numbers are
unknowns of the problem like any other; the name is one of the problem's fields.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError, ProblemError
from ntk_theory.symbolic.numbers import exact
from ntk_theory.symbolic.unknowns import Unknown

FIELD_KEYS = ("of", "start", "width", "positive", "seed")
#: Neurons unless told otherwise, and at most: each adds three numbers to every program that holds the field.
WIDTH, WIDEST = 6, 16
#: The start of a weight is a multiple of 1/DIGITS: exact, and short in a file.
DIGITS = 1000
#: Boxes of the domain that are looked into for the sign of a field.
BOXES = 20_000


@dataclass(frozen=True)
class UnknownField:
    """What an unknown field is a function of, and where it starts; see the top of this module.

    ``expression`` is a(x) in the symbols of ``members``, the names of its numbers; both are empty until the
    field has its place in a problem. ``solution`` is what the problem says that it is, if it does.
    """

    of: tuple[str, ...]
    start: sp.Expr = sp.S.One
    width: int = WIDTH
    positive: bool = False
    seed: int = 0
    expression: sp.Expr = sp.S.Zero
    members: tuple[str, ...] = ()
    solution: sp.Expr | None = None

    def network(
        self, name: str, domain: Mapping[str, tuple[sp.Expr, sp.Expr]]
    ) -> tuple[sp.Expr, dict[str, Unknown]]:
        """The expression a(x) of a field of this name, and its numbers with where they start."""
        rng = random.Random(f"{name} {self.seed}")
        members: dict[str, Unknown] = {}

        def number(label: str, start: float) -> sp.Symbol:
            symbol = sp.Symbol(f"{name}_{label}", real=True, nonzero=True)  # as the grammar makes parameters
            members[symbol.name] = Unknown(sp.Rational(round(DIGITS * start), DIGITS))
            return symbol

        inputs = []
        for v in self.of:
            low, high = domain.get(v, (sp.Integer(-1), sp.S.One))
            inputs.append((2 * sp.Symbol(v, real=True) - low - high) / (high - low))
        total = number("c", 0.0)
        for k in range(1, self.width + 1):
            z = number(f"b{k}", rng.gauss(0, 1))
            for j, x in enumerate(inputs):
                z += number(f"w{k}" if len(inputs) == 1 else f"w{k}p{j + 1}", rng.gauss(0, 1)) * x
            total += number(f"v{k}", rng.gauss(0, 1)) * sp.tanh(z) / sp.sqrt(self.width)
        return (self.start * sp.exp(total) if self.positive else self.start + total), members

    def written(self) -> dict[str, Any]:
        """The field as plain data, which :func:`read_field` reads again."""
        return {
            "of": list(self.of),
            "start": str(self.start),
            "width": self.width,
            "positive": self.positive,
            "seed": self.seed,
        }

    def sign(
        self, name: str, unknowns: Mapping[str, Unknown], domain: Mapping[str, tuple[sp.Expr, sp.Expr]]
    ) -> int:
        """The sign that the field has everywhere on the domain where it starts: 1, −1, or 0 if it has none.

        Boxes in x̃ ∈ [−1, 1]^d are halved until |a| at their middle exceeds what a can change within,
        Σ |v_k w_kj| h_j/√n since |tanh'| ≤ 1; 0 also where :data:`BOXES` of them do not tell.
        """
        if self.positive:
            return 1
        if not set(self.of) <= set(domain):
            return 0
        at = {n: float(u.start) for n, u in unknowns.items() if n in set(self.members)}
        ways = ["" if len(self.of) == 1 else f"p{j + 1}" for j in range(len(self.of))]
        neurons = [
            (at[f"{name}_v{k}"], at[f"{name}_b{k}"], [at[f"{name}_w{k}{way}"] for way in ways])
            for k in range(1, self.width + 1)
        ]
        root, rest = math.sqrt(self.width), float(self.start) + at[f"{name}_c"]
        steep = [sum(abs(v * w[j]) for v, _, w in neurons) / root for j in range(len(ways))]
        boxes = [([0.0] * len(ways), [1.0] * len(ways))]
        seen: set[int] = set()
        for _ in range(BOXES):
            if not boxes or len(seen) > 1:
                break
            middle, half = boxes.pop()
            total = sum(
                v * math.tanh(b + sum(x * y for x, y in zip(w, middle, strict=True))) for v, b, w in neurons
            )
            value, reach = rest + total / root, sum(s * h for s, h in zip(steep, half, strict=True))
            seen.add(1 if value > 0 else -1)
            if abs(value) <= reach:
                j = max(range(len(ways)), key=lambda k: steep[k] * half[k])
                smaller = [h / 2 if k == j else h for k, h in enumerate(half)]
                moved = ([x + (k == j) * h for k, x in enumerate(middle)] for h in (-smaller[j], smaller[j]))
                boxes += [(place, smaller) for place in moved]
        return seen.pop() if len(seen) == 1 and not boxes else 0


def is_field(entry: object) -> bool:
    """Does an entry of ``[unknowns]`` describe a field?"""
    return isinstance(entry, UnknownField) or (isinstance(entry, Mapping) and "of" in entry)


def read_field(name: str, entry: Any) -> UnknownField:
    """An unknown field from ``{ of = ["x"], start = 1, width = 6, positive = false, seed = 0 }``.

    Raises
    ------
    ProblemError
        Something else; the name is in the message.

    >>> read_field("a", {"of": "x", "start": 2}).of
    ('x',)
    """
    if isinstance(entry, UnknownField):
        return entry
    for key in entry:
        if key not in FIELD_KEYS:
            raise ProblemError(
                f"unknowns.{name} has the unknown key {key!r}; a field may have: {', '.join(FIELD_KEYS)}"
            )
    of = entry["of"]
    names = (of,) if isinstance(of, str) else of
    if not isinstance(names, list | tuple) or not names or not all(isinstance(n, str) for n in names):
        raise ProblemError(f"unknowns.{name}: of is {of!r}; it needs the variables of the field")
    width, seed, positive = entry.get("width", WIDTH), entry.get("seed", 0), entry.get("positive", False)
    if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= WIDEST:
        raise ProblemError(f"unknowns.{name}: width is {width!r}; it needs a number from 1 to {WIDEST}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ProblemError(f"unknowns.{name}: seed is {seed!r}; it needs a number from 0 on")
    if not isinstance(positive, bool):
        raise ProblemError(f"unknowns.{name}: positive is {positive!r}; it needs true or false")
    try:
        start = exact(entry.get("start", 1), f"unknowns.{name}")
    except (InputError, ProblemError) as cause:
        raise ProblemError(f"unknowns.{name}: {cause}") from None
    if positive and not start > 0:
        raise ProblemError(f"unknowns.{name} starts at {start}; a positive field needs a positive start")
    return UnknownField(tuple(names), start, width, positive, seed)
