"""Checks a certificate on its own: this file, python-flint and the standard library, nothing else.

    python checker.py FILE.json     prints the statement; exit code 0 if it is proved, 1 if not

The network is u(x) = N^(-s) Σ_k a_k φ(w_k·y + b_k) + c of one hidden layer, y_k = scale_k x_k + shift_k, all
of w, b, a independent N(0,1). A *row* is a linear operator of u at a point, Σ_α c_α(x) ∂^α u(x), or a sum of
such over *legs*; coefficients are polynomials. All numbers of a file are exact; what is not rational is
enclosed by ball arithmetic. A statement ends with the sum of its premises: the same words on another operator
or at other points are another statement. There are four kinds.

**vanishing**. For every φ and depth the limit of the jets' NTK is T(x, x') = g(p, q, r) with p = |y|², q =
y·y', r = |y'|², g(p, q, r) = g(r, q, p). So along one coordinate, with steps h of y and h' of y',

    ∂_h^a ∂_h'^b T = ∂_h^a ∂_h'^b exp(P(2yh + h²) + Q(y'h + yh' + hh') + R(2y'h' + h'²)) g,   P = ∂_p, …

The sum over the terms and legs of two rows is a sum of derivatives of g at (p, q, r) whose coefficients are
polynomials of the free coordinates. If all are 0 as polynomials, the rows' entries of T vanish everywhere.

**nonzero**. With 1 added to p, q, r, T = D(φ,φ) + q D(φ',φ'), D(φ,ψ) = E φ(U)ψ(V), (U, V) ~ N(0, [[p, q],
[q, r]]), and ∂_p^i ∂_q^j ∂_r^k D(φ,ψ) = 2^(-i-k) E φ^(j+2i)(U) ψ^(j+2k)(V) (Price). At one point U = V, and
every E is an integral over one Gaussian: enclosed on [-L, L], and beyond by |φ^(m)φ^(n)| ≤ B_m B_n times
P(|Z| > L).

**positive-definite**. At s = 1/2 and N → ∞ the kernel of rows is K = E ψψᵀ + E(part of w, b) + (part of c),
Gram matrices all, where ψ_i(w, b) = Σ_α c_α scale^α w^α φ^(|α|)(w·y + b) in the column of α's field. If K v
= 0, then E|Σ v_i ψ_i|² = 0, and Σ v_i ψ_i(ω) = 0 for every ω, for ψ is continuous and Gaussians have full
support. But at the n parameters ω_k of the file det ψ_i(ω_k) has a ball without 0. So v = 0, and λ_min(K) >
0.

**drift**. For s > 1/2 the network tends to u = c(t), c' = f(c) = -Σ_j λ_j R_j R_j', R_j(c) = F_j(c) - τ_j,
and its kernel to K(c) = ρρᵀ, ρ_j = R_j'(c). Where f is not 0 from c_0 to γ, c reaches γ at the time ∫ dc/f;
where f(γ) points back, it never does. So two numbers with time(near) < t and t < time(far) enclose c(t), and
ball arithmetic over them encloses ‖K(c(t)) - K(c_0)‖.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from fractions import Fraction
from math import factorial, prod
from typing import Any

from flint import acb, arb, arb_mat, ctx, fmpq, fmpq_mpoly_ctx

FORMAT = "ntk-theory certificate 1"
BITS = 320
#: Sizes of files: nothing that is read from one makes work without bound.
MOST_BYTES, MOST_ROWS, MOST_ORDER, MOST_TERMS, MOST_PARTS = 2**22, 400, 6, 40, 8
NUMBER = re.compile(r"-?[0-9]{1,400}(/[0-9]{1,400}|\.[0-9]{1,400})?(e-?[0-9]{1,3})?")
#: Beyond this many deviations a Gaussian variable is bounded.
TAIL = 16
#: The numbers of a drift.
DRIFT = ("start", "time", "low", "high", "least")
Orders = tuple[int, ...]


class Rejected(Exception):
    """The file proves nothing, because of what the message says."""


def need(condition: object, words: str) -> None:
    """Reject unless it holds."""
    if not condition:
        raise Rejected(words)


def exact(text: Any) -> fmpq:
    """A number, written as a string."""
    need(isinstance(text, str) and NUMBER.fullmatch(text), f"no exact number: {text!r:.80}")
    value = Fraction(text)
    return fmpq(value.numerator, value.denominator)


def orders_of(numbers: Any, d: int, most: int) -> Orders:
    """Whole numbers, one per variable, at most ``most`` together."""
    need(isinstance(numbers, list) and len(numbers) == d, "exponents or orders do not fit the variables")
    need(all(type(n) is int and n >= 0 for n in numbers), "an exponent or order is no whole number")
    need(sum(numbers) <= most, f"exponents or orders are above {most}")
    return tuple(numbers)


def within(found: arb, claimed: Any, words: str) -> str:
    """What was found, in words, if it is between the two numbers of the file, no wider than a thousandth."""
    low, high = (exact(text) for text in claimed)
    need(arb(low) <= found <= arb(high), f"{words} is {found.str(12)}, not as claimed")
    need((high - low) * 1000 <= max(abs(low), abs(high)), f"the claim on {words} is too wide")
    return f"{words} in [{claimed[0]}, {claimed[1]}]"


class Setting:
    """What all rows of a file share. ``groups``: (field, orders, [(number, exponents)]) per term and leg."""

    def __init__(self, data: Any) -> None:
        self.variables, self.fields, self.phi = data["variables"], data["fields"], data["activation"]
        self.d = len(self.variables)
        self.scale, self.shift = ([exact(a) for a in data[name]] for name in ("scale", "shift"))
        need(len(set(self.variables)) == self.d, "two variables have one name")
        need(len(self.scale) == len(self.shift) == self.d > 0, "the input map does not fit the variables")
        need(all(a != 0 for a in self.scale), "a scale of the inputs is 0")
        need(self.fields and self.phi in ("tanh", "sin"), "fields, and tanh or sin, are needed")
        self.groups = {name: [self.leg(leg) for leg in legs] for name, legs in data["groups"].items()}

    def leg(self, terms: Any) -> list[Any]:
        """One leg's operator."""
        need(0 < len(terms) <= MOST_TERMS, "a leg needs its list of terms")
        need(all(field in self.fields for field, _, _ in terms), "a term is of no field")
        return [
            (field, orders_of(orders, self.d, MOST_ORDER),
             [(exact(number), orders_of(powers, self.d, 20)) for number, powers in coefficient])
            for field, orders, coefficient in terms
        ]  # fmt: skip

    def legs(self, name: Any, places: Any) -> Iterator[tuple[list[Any], Any]]:
        """Every leg of a group's operator with its place."""
        need(name in self.groups and len(places) == len(self.groups[name]), f"a row of {name!r} does not fit")
        return zip(self.groups[name], places, strict=True)

    def row(self, row: Any) -> list[tuple[list[fmpq], list[tuple[str, Orders, fmpq]]]]:
        """(mapped point, [(field, orders, coefficient)]) per leg of a row [group, points]."""
        out = []
        for leg, place in self.legs(*row):
            x = [exact(text) for text in place]
            need(len(x) == self.d, "a point has too few coordinates, or too many")
            numbers = [(field, orders, self.coefficient(powers, x, orders)) for field, orders, powers in leg]
            out.append(([a * t + b for a, t, b in zip(self.scale, x, self.shift, strict=True)], numbers))
        return out

    def coefficient(self, powers: Any, x: list[Any], orders: Orders) -> Any:
        """c_α(x) scale^α at numbers or polynomials x."""
        stretch, zero = prod((a**n for a, n in zip(self.scale, orders, strict=True)), start=fmpq(1)), 0 * x[0]
        terms = (
            prod((own**n for own, n in zip(x, exponents, strict=True)), start=zero + number * stretch)
            for number, exponents in powers
        )
        return sum(terms, zero)


def expansion(a: int, b: int, y: Any, z: Any) -> Iterator[tuple[int, int, int, Any]]:
    """Orders (i, j, k) in P, Q, R and coefficients of ∂_h^a ∂_h'^b of the exponential at 0."""
    for i2 in range(a // 2 + 1):
        for j1 in range(a - 2 * i2 + 1):
            for j3 in range(min(a - 2 * i2 - j1, b) + 1):
                for j2 in range(b - j3 + 1):
                    for k2 in range((b - j3 - j2) // 2 + 1):
                        i1, k1 = a - 2 * i2 - j1 - j3, b - j3 - j2 - 2 * k2
                        below = prod(factorial(n) for n in (i1, i2, j1, j2, j3, k1, k2))
                        number = fmpq(factorial(a) * factorial(b) * 2 ** (i1 + k1), below)
                        yield i1 + i2, j1 + j2 + j3, k1 + k2, number * y ** (i1 + j2) * z ** (j1 + k1)


def entry(alpha: Orders, beta: Orders, y: list[Any], z: list[Any]) -> dict[Orders, Any]:
    """The coefficients of T_αβ by the orders in P, Q, R: the product over the coordinates."""
    total: dict[Orders, Any] = {(0, 0, 0): fmpq(1)}
    for a, b, own, other in zip(alpha, beta, y, z, strict=True):
        made: dict[Orders, Any] = {}
        for (i, j, k), first in total.items():
            for m, n, o, second in expansion(a, b, own, other):
                key = (i + m, j + n, k + o)
                made[key] = made.get(key, 0) + first * second
        total = made
    return total


def vanishing(data: Any) -> str:
    """The rows' entries of T are 0 for every activation and depth, wherever the free coordinates are."""
    setting, sides = Setting(data["setting"]), data["rows"]
    need(len(sides) == 2 and all(0 < len(places) <= MOST_PARTS for _, places in sides), "two rows are needed")
    free = fmpq_mpoly_ctx.get([f"{v}{side}" for side in "12" for v in setting.variables]).gens()
    for one in sides[0][1]:
        for other in sides[1][1]:
            legs = []
            for k, faces in enumerate((one, other)):
                made, own = [], free[k * setting.d : (k + 1) * setting.d]
                for leg, face in setting.legs(sides[k][0], faces):
                    need(set(face) <= set(setting.variables), "a face pins what is no variable")
                    named = zip(setting.variables, own, strict=True)
                    x = [0 * t + exact(face[v]) if v in face else t for v, t in named]
                    y = [a * t + b for a, t, b in zip(setting.scale, x, setting.shift, strict=True)]
                    made.append((y, [(f, n, setting.coefficient(powers, x, n)) for f, n, powers in leg]))
                legs.append(made)
            left = [poly for poly in collected(*legs).values() if poly != 0]
            need(not left, f"{len(left)} derivatives of g do not cancel, so that nothing vanishes")
    names = " and ".join(name for name, _ in sides)
    return f"T∞ of {names} is 0 at all points of their faces, for every activation and depth"


def collected(ours: Any, theirs: Any) -> dict[Any, Any]:
    """The coefficient of every derivative of g, up to g(p, q, r) = g(r, q, p)."""
    found: dict[Any, Any] = {}
    for y, first in ours:
        for z, second in theirs:
            sums = (sum(a * b for a, b in zip(u, v, strict=True)) for u, v in ((y, y), (y, z), (z, z)))
            p, q, r = (
                tuple(sorted((tuple(map(int, e)), str(a)) for e, a in s.to_dict().items())) for s in sums
            )
            for field, alpha, own in first:
                for other, beta, their in second:
                    if field == other:  # distinct outputs are independent
                        for (i, j, k), poly in entry(alpha, beta, y, z).items():
                            key = min((p, q, r, i, j, k), (r, q, p, k, j, i))
                            found[key] = found.get(key, 0) + own * their * poly
    return found


def derivative(k: int) -> list[int]:
    """The coefficients of tanh^(k) as a polynomial in tanh: Q_0 = t, Q_{k+1} = Q_k'·(1 - t²)."""
    out = [0, 1]
    for _ in range(k):
        slope = [n * a for n, a in enumerate(out)][1:]
        out = [a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return out


def activation(phi: str, k: int, z: Any) -> Any:
    """φ^(k)(z) of a real or complex ball."""
    if phi == "sin":
        return (z.sin(), z.cos(), -z.sin(), -z.cos())[k % 4]
    t, total = z.tanh(), z * 0
    for a in reversed(derivative(k)):
        total = total * t + a
    return total


def expectation(phi: str, m: int, n: int, p: fmpq) -> arb:
    """E φ^(m)(Z)φ^(n)(Z), Z ~ N(0, p)."""
    root = acb(arb(p).sqrt())

    def f(t: Any, _: bool) -> Any:
        return activation(phi, m, root * t) * activation(phi, n, root * t) * (-t * t / 2).exp()

    inner = acb.integral(f, acb(-TAIL), acb(TAIL)).real / (2 * arb.pi()).sqrt()
    most = [1 if phi == "sin" else sum(map(abs, derivative(k))) for k in (m, n)]
    return inner + most[0] * most[1] * (arb(TAIL) / arb(2).sqrt()).erfc() * arb(0, 1)


def nonzero(data: Any) -> str:
    """The entry of T∞ of two rows at one point is not 0."""
    setting = Setting(data["setting"])
    rows = [setting.row(row) for row in data["rows"]]
    need(len(rows) == 2 and all(len(row) == 1 for row in rows), "two rows of one leg each are needed")
    (y, first), (z, second) = rows[0][0], rows[1][0]
    need(y == z, "the two rows stand at different points")
    p, total, known = sum((a * a for a in y), fmpq(1)), arb(0), {}

    def mean(m: int, n: int) -> arb:
        if (m, n) not in known:
            known[m, n] = expectation(setting.phi, m, n, p)
        return known[m, n]

    for field, alpha, own in first:
        for other, beta, their in second:
            for (i, j, k), number in entry(alpha, beta, y, y).items() if field == other else ():
                m, n = j + 2 * i, j + 2 * k  # Leibniz: of q D(φ',φ'), q is differentiated at most once
                value = (1 + j) * mean(m, n) + p * mean(m + 1, n + 1)
                total += number * own * their / 2 ** (i + k) * value
    need(not total.contains(0), "the ball of the entry contains 0")
    names = " and ".join(name for name, _ in data["rows"])
    told = within(total, data["value"], f"the entry of T∞ of {names} at their point")
    return f"{told}, not 0 ({setting.phi}, one hidden layer)"


def positive_definite(data: Any) -> str:
    """λ_min(K∞) > 0 at the points of the file."""
    setting = Setting(data["setting"])
    rows = [setting.row(row) for row in data["rows"]]
    need(0 < len(rows) <= MOST_ROWS and len(data["parameters"]) == len(rows), "as many parameters as rows")
    parameters = [(field, [exact(a) for a in numbers]) for field, numbers in data["parameters"]]
    need(all(len(w) == setting.d + 1 for _, w in parameters), "a parameter needs w and b")
    det = arb_mat([[feature(setting, row, field, w) for field, w in parameters] for row in rows]).det()
    need(not det.contains(0), "the ball of the determinant contains 0")
    words = ", ".join(f"{sum(row[0] == name for row in data['rows'])} of {name}" for name in setting.groups)
    told = within(det, data["determinant"], "det ψ")
    return f"λ_min(K∞) > 0 for {len(rows)} rows ({words}), s = 1/2, {setting.phi}, one hidden layer: {told}"


def feature(setting: Setting, row: Any, field: str, w: list[fmpq]) -> arb:
    """ψ of a row in one field's column, at the parameters (w, b)."""
    total = arb(0)
    for y, numbers in row:
        z = arb(sum((a * b for a, b in zip(w, y, strict=False)), w[-1]))
        for own, orders, number in numbers:
            if own == field:
                factor = prod((a**n for a, n in zip(w, orders, strict=False)), start=number)
                total += factor * activation(setting.phi, sum(orders), z)
    return total


def drift(data: Any) -> str:
    """The kernel of infinitely wide networks moves by at least a number, for s > 1/2."""
    c, sine, cosine = gens = fmpq_mpoly_ctx.get(["c", "sine", "cosine"]).gens()
    need(0 < len(data["rows"]) <= MOST_ROWS, "there are no residuals, or too many")
    pull, slopes = 0 * c, []
    for group, terms, target, weight in data["rows"]:
        need(
            exact(weight) > 0 and len(terms) <= MOST_TERMS, "a weight is not positive, or terms are too many"
        )
        residual = 0 * c - exact(target)
        for number, powers in terms:
            factors = (x**n for x, n in zip(gens, orders_of(powers, 3, 20), strict=True))
            residual += prod(factors, start=0 * c + exact(number))
        slope = residual.derivative(0) + residual.derivative(1) * cosine - residual.derivative(2) * sine
        pull -= exact(weight) * residual * slope
        slopes.append((group, slope))
    start, end, low, high, least = map(exact, (told := [data[k] for k in DRIFT]))
    need(end > 0 and low < high and (start < low or high < start), "low and high do not enclose a move")
    near, far = (low, high) if start < low else (high, low)
    time, back = arb(end), at(pull, arb(far)) * (1 if start < far else -1) < 0
    need(passage(pull, start, near) < time, "c(t) is not proved to have come so far")
    need(back or time < passage(pull, start, far), "c(t) is not proved to have come no further")
    there, here = arb(low).union(arb(high)), arb(start)
    need(isinstance(data["block"], list), "block needs a list of groups")
    chosen = [slope for group, slope in slopes if group in data["block"]]
    block = [(at(slope, there), at(slope, here)) for slope in chosen]
    moved = sum(((a * b - e * f) ** 2 for a, e in block for b, f in block), arb(0)).sqrt()
    need(least > 0 and moved > arb(least), "the drift is not above what is claimed")
    size = within(moved, data["drift"], f"‖K(t) - K(0)‖_F of {', '.join(data['block'])}")
    words = f"for every s > 1/2 and N → ∞, c(0) = {told[0]}, at t = {told[1]}, {size}, more than {told[4]}"
    return f"{words}; c(t) in [{told[2]}, {told[3]}]"


def at(poly: Any, c: Any) -> Any:
    """A polynomial in c, sin c, cos c at a ball."""
    sine, cosine, total = c.sin(), c.cos(), c * 0
    for (i, j, k), number in poly.to_dict().items():
        total += number * c ** int(i) * sine ** int(j) * cosine ** int(k)
    return total


def passage(f: Any, start: fmpq, end: fmpq) -> arb:
    """∫ dc/f(c) from start to end."""
    need(has_no_zero(f, start, end, 60), "the right-hand side may be 0 on the way")
    time = acb.integral(lambda z, _: 1 / at(f, z), acb(arb(start)), acb(arb(end))).real
    need(time.is_finite() and time > 0, "c does not move that way")
    return time


def has_no_zero(f: Any, a: fmpq, b: fmpq, depth: int) -> bool:
    """Is f ≠ 0 between a and b, proved by halving?"""
    if not at(f, arb(a).union(arb(b))).contains(0):
        return True
    half = (a + b) / 2
    return depth > 0 and has_no_zero(f, a, half, depth - 1) and has_no_zero(f, half, b, depth - 1)


KINDS = {"vanishing": vanishing, "nonzero": nonzero, "positive-definite": positive_definite, "drift": drift}


def digest(data: dict[str, Any]) -> str:
    """SHA-256 of all of the file but itself, keys in order, without spaces."""
    rest = {key: part for key, part in data.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def premises(data: dict[str, Any]) -> str:
    """What a statement rests on, operators, points and all, in 16 digits: another file's differs."""
    return digest({key: part for key, part in data.items() if key != "statement"})[:16]


def check(text: str) -> str:
    """The statement that the text of a file proves, or ``Rejected``."""
    before, ctx.prec = ctx.prec, BITS
    try:
        need(len(text) <= MOST_BYTES, "the file is too large")
        data = json.loads(text)
        need(isinstance(data, dict) and data.get("format") == FORMAT, f"this is no {FORMAT}")
        need(data.get("kind") in KINDS, f"the kind is none of {', '.join(KINDS)}")
        need(data.get("sha256") == digest(data), "the file was changed: its sum differs")
        own = f" (premises {premises(data)})"
        need(str(data.get("statement")).endswith(own), "the statement is of other premises than the file's")
        statement = KINDS[data["kind"]](data) + own
        need(data.get("statement") == statement, f"what is proved is something else: {statement}")
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Rejected(f"the file is not well formed: {type(error).__name__} {error}") from error
    finally:
        ctx.prec = before
    return statement


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            found = check(file.read(MOST_BYTES + 1))
        print("proved:", found if found.isprintable() else ascii(found))
    except Rejected as error:
        sys.exit(f"rejected: {error}")
