"""Where the limit of the jet NTK vanishes: an exact test (THEORY §3 "Symmetry") [D].

For a first layer of Gaussian weights of one variance, any law of the hidden biases and any depth, the
limit of the network's NTK is

    T^∞(x, x') = g(p, q, r),   p = |y|², q = y·y', r = |y'|²,   g(p, q, r) = g(r, q, p),

with y the mapped inputs and g otherwise free. In every coordinate the derivatives act through

    exp(P(2yh + h²) + Q(yh' + y'h + hh') + R(2y'h' + h'²)),   P, Q, R = ∂_p, ∂_q, ∂_r,

so T^∞_{αβ} is a polynomial in P, Q, R applied to g. A sum Σ k_{αβ} T^∞_{αβ} over the legs of two rows
vanishes for every activation and depth iff the coefficient of every derivative of g is 0. This is
tested in exact arithmetic at random rational points of the faces: a coefficient that is not 0 there
is a proof, one that is 0 at two independent draws is a polynomial that vanishes (Schwartz, Zippel).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.setting.features import Affine, FeatureMap
from ntk_theory.symbolic.zero import is_zero
from ntk_theory.theory.circles import Circle, circle, periodic_columns
from ntk_theory.theory.reflection import Reflection

#: A derivative of g: the orders in p, q, r.
Orders = tuple[int, int, int]
#: Rational numbers, and other exact ones where the problem has them.
Number: TypeAlias = "Fraction | sp.Expr"
#: A polynomial in P, Q, R.
Polynomial = dict[Orders, Number]
#: Leg and multi-index on either side.
Key = tuple[int, tuple[int, ...], int, tuple[int, ...]]
ZERO = Fraction(0)
#: π and e stand for themselves only: any rational number does as well in an identity.
STAND_INS = {sp.pi: sp.Rational(917_341, 288_733), sp.E: sp.Rational(791_207, 301_841)}


@dataclass(frozen=True)
class AffineMap:
    """The inputs of the network, y_k = scale_k x_k + shift_k, in exact numbers.

    ``name`` is what users call it: ``identity``, ``domain`` (onto [−1, 1]) or ``given``.
    """

    name: str
    scale: tuple[sp.Expr, ...]
    shift: tuple[sp.Expr, ...]
    #: The feature map, if any: its periodic variables lie on circles, its waves make T^∞ generic.
    features: FeatureMap | None = None

    def at(self, variables: Sequence[str], place: Sequence[sp.Expr]) -> tuple[Number | Circle, ...]:
        """The mapped coordinates of a place."""
        periodic = periodic_columns(self.features.columns) if self.features else {}
        pi = STAND_INS[sp.pi]
        return tuple(
            circle(x, periodic[name], pi)
            if name in periodic
            else number(sp.sympify(scale * x + shift).xreplace(STAND_INS))
            for name, x, scale, shift in zip(variables, place, self.scale, self.shift, strict=True)
        )

    def with_features(self, features: FeatureMap | None, variables: Sequence[str]) -> AffineMap:
        """The same with a feature map; its affine entries take the place of the map's own."""
        if features is None:
            return self
        scale, shift = list(self.scale), list(self.shift)
        for k, name in enumerate(variables):
            column = features.column(name)
            if isinstance(column, Affine):
                scale[k], shift[k] = _exact(column.scale), _exact(column.shift)
        kept = None if features.is_affine else features
        return AffineMap("given" if features.is_affine else self.name, tuple(scale), tuple(shift), kept)

    def to_dict(self) -> dict[str, object]:
        """The map as plain strings."""
        numbers = {"scale": [str(a) for a in self.scale], "shift": [str(b) for b in self.shift]}
        return {"name": self.name, **numbers}

    @staticmethod
    def identity(dimension: int) -> AffineMap:
        """Inputs as they are."""
        return AffineMap("identity", (sp.S.One,) * dimension, (sp.S.Zero,) * dimension)

    @staticmethod
    def of_domain(domain: Mapping[str, tuple[sp.Expr, sp.Expr]], variables: Sequence[str]) -> AffineMap:
        """The domain onto [−1, 1] in every variable.

        >>> AffineMap.of_domain({"x": (sp.S.Zero, sp.Integer(4))}, ["x"]).shift
        (-1,)
        """
        missing = [v for v in variables if v not in domain]
        if missing:
            raise InputError(
                f"input_map = 'domain' needs a domain, but the problem has no interval for {missing[0]!r}"
            )
        ends = [domain[v] for v in variables]
        return AffineMap(
            "domain",
            tuple(2 / (high - low) for low, high in ends),
            tuple(sp.simplify(-(low + high) / (high - low)) for low, high in ends),
        )

    @staticmethod
    def of(
        given: object, domain: Mapping[str, tuple[sp.Expr, sp.Expr]], variables: Sequence[str]
    ) -> AffineMap:
        """From ``None`` (identity), ``"domain"``, or anything with ``scale`` and ``shift`` per variable."""
        if given is None or given == "identity":
            return AffineMap.identity(len(variables))
        if given == "domain":
            return AffineMap.of_domain(domain, variables)
        if isinstance(given, AffineMap):
            return given
        scale, shift = getattr(given, "scale", None), getattr(given, "shift", None)
        if scale is None or shift is None or not len(scale) == len(shift) == len(variables):
            raise InputError(
                f"input_map is {given!r}; it needs None, 'domain', or an InputMap with a scale and a shift "
                f"for each of {', '.join(variables)}"
            )
        return AffineMap("given", tuple(map(_exact, scale)), tuple(map(_exact, shift)))


def _exact(value: float) -> sp.Rational:
    """The simple fraction that a float was rounded from, else the float itself."""
    simple = Fraction(value).limit_denominator(10**6)
    return sp.Rational(simple if float(simple) == float(value) else Fraction(value))


@dataclass(frozen=True)
class Contraction:
    """Sums of entries of T^∞ between the legs of two rows, at one draw of their points.

    ``ours`` and ``theirs`` hold the mapped coordinates of every leg, ``scale`` the factors of the map;
    rational ones as fractions, which are much faster than SymPy's. A ``reflection`` of the network says which
    derivatives of g are 0 besides.
    """

    ours: tuple[tuple[Number | Circle, ...], ...]
    theirs: tuple[tuple[Number | Circle, ...], ...]
    scale: tuple[Number, ...]
    reflection: Reflection | None = None

    def of(self, terms: Iterable[tuple[Key, Number]]) -> dict[object, Number]:
        """Σ k T^∞_{αβ} over ((leg, α, leg', β), k): the coefficient of every derivative of g that occurs."""
        found: dict[object, Number] = {}
        for (leg, alpha, other, beta), coefficient in terms:
            y, z = self.ours[leg], self.theirs[other]
            place = (_dot(y, y), _dot(y, z), _dot(z, z))
            for orders, number in self._entry(y, z, alpha, beta).items():
                if self.reflection is not None and self.reflection.cancels(place[1], orders):
                    continue
                key = _canonical(place, orders)
                found[key] = _tidy(found.get(key, ZERO) + coefficient * number)
        return {key: value for key, value in found.items() if value != 0}

    def meets(self, q: Fraction) -> bool:
        """Is y·y' this number for some two legs?"""
        return any(_dot(y, z) == q for y in self.ours for z in self.theirs)

    def _entry(
        self,
        y: Sequence[Number | Circle],
        z: Sequence[Number | Circle],
        alpha: Sequence[int],
        beta: Sequence[int],
    ) -> Polynomial:
        """T^∞_{αβ} as a polynomial in P, Q, R: the product over the coordinates."""
        total: Polynomial = {(0, 0, 0): Fraction(1)}
        for a, b, own, other, scale in zip(alpha, beta, y, z, self.scale, strict=True):
            if not a and not b:
                continue
            if isinstance(own, Circle) and isinstance(other, Circle):
                total = _multiplied(total, dict(own.derivatives(other, a, b)), Fraction(1))
            elif not isinstance(own, Circle) and not isinstance(other, Circle):
                total = _multiplied(total, _in_one_coordinate(a, b, own, other), scale ** (a + b))
        return total


def number(value: sp.Expr) -> Number:
    """A rational as a fraction, anything else as it is."""
    return Fraction(int(value.p), int(value.q)) if value.is_Rational else value


def vanishes(sums: Mapping[object, Number]) -> bool | None:
    """Are all coefficients 0? ``None`` when undecided."""
    answers = [is_zero(sp.sympify(value)) for value in sums.values()]
    if False in answers:
        return False
    return None if None in answers else True


@lru_cache(maxsize=4096)
def _in_one_coordinate(a: int, b: int, y: Number, z: Number) -> Polynomial:
    """∂_h^a ∂_h'^b of the exponential at h = h' = 0, by its two recursions."""
    if not a and not b:
        return {(0, 0, 0): Fraction(1)}

    def get(i: int, j: int) -> Polynomial:
        return _in_one_coordinate(i, j, y, z)

    if a:  # ∂_h brings 2yP + zQ, and acts on h² and hh'
        steps = [(get(a - 1, b), (1, 0, 0), 2 * y), (get(a - 1, b), (0, 1, 0), z)]
        steps += [(get(a - 2, b), (1, 0, 0), Fraction(2 * (a - 1)))] if a > 1 else []
        steps += [(get(a - 1, b - 1), (0, 1, 0), Fraction(b))] if b else []
    else:
        steps = [(get(0, b - 1), (0, 0, 1), 2 * z), (get(0, b - 1), (0, 1, 0), y)]
        steps += [(get(0, b - 2), (0, 0, 1), Fraction(2 * (b - 1)))] if b > 1 else []
    total: Polynomial = {}
    for polynomial, shift, factor in steps:
        for orders, coefficient in polynomial.items():
            key = (orders[0] + shift[0], orders[1] + shift[1], orders[2] + shift[2])
            total[key] = _tidy(total.get(key, ZERO) + factor * coefficient)
    return {key: value for key, value in total.items() if value != 0}


def _multiplied(a: Polynomial, b: Polynomial, factor: Number) -> Polynomial:
    total: Polynomial = {}
    for (i, j, k), first in a.items():
        for (m, n, o), second in b.items():
            key = (i + m, j + n, k + o)
            total[key] = _tidy(total.get(key, ZERO) + factor * first * second)
    return total


def _canonical(place: tuple[Number, Number, Number], orders: Orders) -> object:
    """(p, q, r) and the orders of a derivative of g, up to g(p, q, r) = g(r, q, p)."""
    p, q, r = place
    i, j, k = orders
    if p == r:
        return (p, q, r, min(i, k), j, max(i, k))
    first = p < r if isinstance(p, Fraction) and isinstance(r, Fraction) else str(p) < str(r)
    return (p, q, r, i, j, k) if first else (r, q, p, k, j, i)


def _dot(y: Sequence[Number | Circle], z: Sequence[Number | Circle]) -> Number:
    total: Number = ZERO
    for a, b in zip(y, z, strict=True):
        if isinstance(a, Circle) and isinstance(b, Circle):
            total = total + a.dot(b)
        elif not isinstance(a, Circle) and not isinstance(b, Circle):
            total = total + a * b
    return _tidy(total)


def _tidy(value: Number) -> Number:
    """Fractions as they are; other numbers expanded, so that equal ones look alike."""
    return value if isinstance(value, Fraction) else number(sp.expand(value))
