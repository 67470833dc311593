"""Checks a certificate on its own: this file, python-flint and the standard library, nothing else.

    python checker.py FILE.json     prints the statement; exit code 0 if it is proved, 1 if not

The network is u(x) = N^(-s) Σ_k a_k φ(w_k·y + b_k) + c of one hidden layer, y_k = scale_k x_k + shift_k, all
of w, b, a independent N(0,1). A *row* is a linear operator of u at a point, Σ_α c_α(x) ∂^α u(x), or a sum of
such over *legs*; coefficients are polynomials. All numbers of a file are exact; what is not rational is
enclosed by ball arithmetic. A statement ends with the sum of its premises: the same words on another operator
or at other points are another statement. There are five kinds.

**vanishing**. For every φ and depth the limit of the jets' NTK is T(x, x') = g(p, q, r) with p = |y|², q =
y·y', r = |y'|², g(p, q, r) = g(r, q, p). So along one coordinate, with steps h of y and h' of y',

    ∂_h^a ∂_h'^b T = ∂_h^a ∂_h'^b exp(P(2yh + h²) + Q(y'h + yh' + hh') + R(2y'h' + h'²)) g,   P = ∂_p, …

The sum over the terms and legs of two rows is a sum of derivatives of g at (p, q, r) whose coefficients are
polynomials of the free coordinates. If all are 0 as polynomials, the rows' entries of T vanish everywhere.

**classification**. One field; F is a polynomial in the jets v_α = ∂^α u and the coordinates, F_α = ∂F/∂v_α.
With ε = N^(1/2-s) every v is ε times a Gaussian that does not know s (c starts at 0), and K = ε² Σ F_α F'_β
T_αβ + F_0 F'_0 (if c is trained). T is a sum of derivatives of g, as before; so K ~ ε^n, n the highest degree
in ε that a coefficient ≠ 0 has for s < 1/2, the lowest for s > 1/2, and generic φ. At s = 1/2 the limit is
random if a coefficient has a v in it, else deterministic.

**nonzero**. With 1 added to p, q, r, T = D(φ,φ) + q D(φ',φ'), D(φ,ψ) = E φ(U)ψ(V), (U, V) ~ N(0, [[p, q],
[q, r]]), and ∂_p^i ∂_q^j ∂_r^k D(φ,ψ) = 2^(-i-k) E φ^(j+2i)(U) ψ^(j+2k)(V) (Price). At one point U = V, and
every E is an integral over one Gaussian: enclosed on [-L, L], and beyond by |φ^(m)φ^(n)| ≤ B_m B_n times
P(|Z| > L).

**positive-definite**. At s = 1/2 and N → ∞ the kernel of rows is K = E ψψᵀ + E(part of w, b) + (part of c),
Gram matrices all, where ψ_i(w, b) = Σ_α c_α scale^α w^α φ^(|α|)(w·y + b) in the column of α's field. If K v
= 0, then E|Σ v_i ψ_i|² = 0, and Σ v_i ψ_i(ω) = 0 for every ω, for ψ is continuous and Gaussians have full
support. But at the n parameters ω_k of the file det ψ_i(ω_k) has a ball without 0. So v = 0, λ_min(K) > 0.

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
from functools import cache
from itertools import product
from math import factorial, prod
from typing import Any

from flint import acb, arb, arb_mat, ctx, fmpq, fmpq_mpoly_ctx, fmpz_poly

FORMAT = "ntk-theory certificate 1"
BITS = 320
#: Sizes of files, bytes and rows, orders, powers, terms, parts: nothing read makes work without bound.
MOST_BYTES, MOST_ROWS, MOST_ORDER, MOST_POWER, MOST_TERMS, MOST_PARTS = 2**22, 400, 6, 20, 40, 8
NUMBER = re.compile(r"-?[0-9]{1,400}(/[0-9]{1,400}|\.[0-9]{1,400})?(e-?[0-9]{1,3})?")
TAIL = 16  # beyond this many deviations a Gaussian variable is bounded
DRIFT = ("start", "time", "low", "high", "least")  # the numbers of a drift
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
    fits = isinstance(numbers, list) and len(numbers) == d and all(type(n) is int and n >= 0 for n in numbers)
    need(fits, "exponents or orders do not fit the variables, or are no whole numbers")
    need(sum(numbers) <= most, f"exponents or orders are above {most}")
    return tuple(numbers)


def polynomial(terms: Any, x: Any) -> Any:
    """Σ number Π x^powers at numbers or polynomials x."""
    need(len(terms) <= MOST_TERMS, "there are too many terms")
    total = 0 * x[0]
    for number, powers in terms:
        factors = (own**n for own, n in zip(x, orders_of(powers, len(x), MOST_POWER), strict=True))
        total += prod(factors, start=0 * x[0] + exact(number))
    return total


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
        need(0 < self.d <= MOST_PARTS >= len(self.fields) > 0, "variables or fields: none, or too many")
        need(len(set(self.variables)) == self.d, "two variables have one name")
        need(len(self.scale) == len(self.shift) == self.d, "the input map does not fit the variables")
        need(all(a != 0 for a in self.scale), "a scale of the inputs is 0")
        need(self.phi in ("tanh", "sin"), "the activation is not tanh or sin")
        self.groups = {name: [self.leg(leg) for leg in legs] for name, legs in data["groups"].items()}

    def leg(self, terms: Any) -> list[Any]:
        """One leg's operator."""
        need(0 < len(terms) <= MOST_TERMS, "a leg needs its list of terms")
        need({field for field, _, _ in terms} <= set(self.fields), "a term is of no field")
        return [(field, orders_of(n, self.d, MOST_ORDER), powers) for field, n, powers in terms]

    def place(self, free: Any, place: Any) -> tuple[list[Any], list[Any]]:
        """Coordinates, numbers where a point or face {variable: number} pins them, and what φ sees."""
        pinned = place if isinstance(place, dict) else dict(zip(self.variables, place, strict=True))
        need(set(pinned) <= set(self.variables), "a face pins what is no variable")
        named = zip(self.variables, free, strict=True)
        x = [0 * t + exact(pinned[v]) if v in pinned else t for v, t in named]
        return x, [a * t + b for a, t, b in zip(self.scale, x, self.shift, strict=True)]

    def row(self, name: Any, places: Any, free: Any = None) -> list[tuple[list[Any], list[Any]]]:
        """(mapped place, [(field, orders, coefficient scale^α)]) per leg of a group's operator."""
        need(name in self.groups and len(places) == len(self.groups[name]), f"a row of {name!r} does not fit")
        out = []
        for leg, at in zip(self.groups[name], places, strict=True):
            x, y = self.place(free or [fmpq(0)] * self.d, at)
            out.append((y, [(f, n, polynomial(powers, x) * self.stretch(n)) for f, n, powers in leg]))
        return out

    def stretch(self, orders: Orders) -> fmpq:
        """What the input map makes of a derivative: scale^α."""
        return prod((a**n for a, n in zip(self.scale, orders, strict=True)), start=fmpq(1))


def expansion(a: int, b: int, y: Any, z: Any) -> Iterator[tuple[int, int, int, Any]]:
    """Orders (i, j, k) in P, Q, R and coefficients of ∂_h^a ∂_h'^b of the exponential at 0."""
    for i2, k2, j3 in product(range(a // 2 + 1), range(b // 2 + 1), range(min(a, b) + 1)):
        for j1, j2 in product(range(a - 2 * i2 - j3 + 1), range(b - 2 * k2 - j3 + 1)):
            i1, k1 = a - 2 * i2 - j1 - j3, b - j3 - j2 - 2 * k2
            below = prod(factorial(n) for n in (i1, i2, j1, j2, j3, k1, k2))
            number = fmpq(factorial(a) * factorial(b) * 2 ** (i1 + k1), below)
            yield i1 + i2, j1 + j2 + j3, k1 + k2, number * y ** (i1 + j2) * z ** (j1 + k1)


def entry(alpha: Orders, beta: Orders, y: list[Any], z: list[Any]) -> dict[Orders, Any]:
    """The coefficients of T_αβ by the orders in P, Q, R: the product over the coordinates."""
    total: dict[Orders, Any] = {(0, 0, 0): fmpq(1)}
    for a, b, own, other in zip(alpha, beta, y, z, strict=True):
        made: dict[Orders, Any] = {}
        for ((i, j, k), first), (m, n, o, second) in product(total.items(), expansion(a, b, own, other)):
            made[i + m, j + n, k + o] = made.get((i + m, j + n, k + o), 0) + first * second
        total = made
    return total


def vanishing(data: Any) -> str:
    """The rows' entries of T are 0 for every activation and depth, wherever the free coordinates are."""
    setting, sides = Setting(data["setting"]), data["rows"]
    need(len(sides) == 2 and all(0 < len(places) <= MOST_PARTS for _, places in sides), "two rows are needed")
    free = fmpq_mpoly_ctx.get([f"{v}{side}" for side in "12" for v in setting.variables]).gens()
    own = free[: setting.d], free[setting.d :]
    for pair in product(sides[0][1], sides[1][1]):
        rows = [setting.row(name, at, x) for (name, _), at, x in zip(sides, pair, own, strict=True)]
        left = [poly for poly in collected(*rows).values() if poly != 0]
        need(not left, f"{len(left)} derivatives of g do not cancel, so that nothing vanishes")
    names = " and ".join(name for name, _ in sides)
    return f"T∞ of {names} is 0 at all points of their faces, for every activation and depth"


def classification(data: Any) -> str:
    """What blocks of K do for every s, for generic φ and depth."""
    setting, found, claims = Setting({**data["setting"], "groups": {}}), dict[Any, Any](), []
    slots, d = [orders_of(n, setting.d, MOST_ORDER) for n in data["jets"]], setting.d
    size, trained = d + len(slots), {"zero": 1, "none": 0}[data["bias"]]
    need(slots[0] == (0,) * d and len(set(slots)) == len(slots) <= MOST_TERMS, "jets are u and others, once")
    need(len(setting.fields) == 1, "there is more than one field")
    gens = fmpq_mpoly_ctx.get([f"v{k}{side}" for side in "ab" for k in range(size)]).gens()

    def degrees(poly: Any) -> list[int]:  # in all jets
        return sorted({sum(map(int, e[d:size] + e[size + d :])) for e in poly.to_dict()})

    for name, (terms, faces) in data["operators"].items():
        need(0 < len(faces) <= MOST_PARTS, "a group needs its faces")
        for side, face in product((0, size), faces):
            own = gens[side : side + size]
            x, y = setting.place(own[:d], face)
            F = polynomial(terms, [*x, *own[d:]])
            slopes = [("u", n, F.derivative(side + d + k) * setting.stretch(n)) for k, n in enumerate(slots)]
            found.setdefault((name, side), []).append((y, slopes))
        steps = [[degrees(f) for *_, f in slopes] for _, slopes in found[name, 0]]
        need(steps == data["degrees"][name], f"the degrees of {name} are {steps}, not as claimed")
        free = all(len(face) < d for face in faces)  # else both sides share their jets
        need(free or not any(sum(n) for row in steps for n in row), "a nonlinear row at one point")
    for one, other, *claimed in data["blocks"]:
        powers: set[tuple[int, int]] = set()  # those of ε, and of them what jets bring
        for ours, theirs in product(found[one, 0], found[other, size]):
            hidden = {n for poly in collected([ours], [theirs]).values() for n in degrees(poly)}
            each = [[n for *_, f in slopes for n in degrees(f)] for _, slopes in (ours, theirs)]
            need({sum(map(pick, each)) for pick in (max, min)} <= hidden, f"orders of {one},{other} cancel")
            bias = degrees(trained * ours[1][0][2] * theirs[1][0][2])
            powers |= {(2 + n, n) for n in hidden} | {(n, n) for n in bias}
        high, low = max(powers)[0], min(powers)[0]
        told = [high, "random" if any(n for _, n in powers) else "deterministic", low]
        need(claimed == told, f"{one},{other} is {told}, not as claimed")
        after = f"goes to zero like N^({low}(1/2-s))" if low else "is deterministic"
        claims.append(f"K_{one},{other} diverges like N^({high}(1/2-s)), is {told[1]}, {after}")
    return f"for s < 1/2, s = 1/2, s > 1/2 (output bias {data['bias']}, generic φ): {'; '.join(claims)}"


def collected(ours: Any, theirs: Any) -> dict[Any, Any]:
    """The coefficient of every derivative of g, up to g(p, q, r) = g(r, q, p)."""
    found: dict[Any, Any] = {}
    for (y, first), (z, second) in product(ours, theirs):
        sums = (sum(a * b for a, b in zip(u, v, strict=True)) for u, v in ((y, y), (y, z), (z, z)))
        p, q, r = (sorted((tuple(map(int, e)), str(a)) for e, a in s.to_dict().items()) for s in sums)
        for (field, alpha, own), (other, beta, their) in product(first, second):
            # Distinct outputs are independent.
            for (i, j, k), poly in entry(alpha, beta, y, z).items() if field == other else ():
                key = str(min((p, q, r, i, j, k), (r, q, p, k, j, i)))
                found[key] = found.get(key, 0) + own * their * poly
    return found


def derivative(k: int) -> list[int]:
    """The coefficients of tanh^(k) as a polynomial in tanh: Q_0 = t, Q_{k+1} = Q_k'·(1 - t²)."""
    out = fmpz_poly([0, 1])
    for _ in range(k):
        out = out.derivative() * fmpz_poly([1, 0, -1])
    return [int(a) for a in out.coeffs()]


def activation(phi: str, k: int, z: Any) -> Any:
    """φ^(k)(z) of a real or complex ball."""
    if phi == "sin":
        return (z.sin(), z.cos(), -z.sin(), -z.cos())[k % 4]
    t = z.tanh()
    return sum((a * t**n for n, a in enumerate(derivative(k))), z * 0)


@cache
def expectation(phi: str, m: int, n: int, p: fmpq) -> arb:
    """E φ^(m)(Z)φ^(n)(Z), Z ~ N(0, p)."""
    root = acb(arb(p).sqrt())
    inner = acb.integral(
        lambda t, _: activation(phi, m, root * t) * activation(phi, n, root * t) * (-t * t / 2).exp(),
        acb(-TAIL), acb(TAIL),
    ).real / (2 * arb.pi()).sqrt()  # fmt: skip
    most = [1 if phi == "sin" else sum(map(abs, derivative(k))) for k in (m, n)]
    return inner + most[0] * most[1] * (arb(TAIL) / arb(2).sqrt()).erfc() * arb(0, 1)


def nonzero(data: Any) -> str:
    """The entry of T∞ of two rows at one point is not 0."""
    setting = Setting(data["setting"])
    rows = [setting.row(*row) for row in data["rows"]]
    need(len(rows) == 2 and all(len(row) == 1 for row in rows), "two rows of one leg each are needed")
    (y, first), (z, second) = rows[0][0], rows[1][0]
    need(y == z, "the two rows stand at different points")
    p, total, phi = sum((a * a for a in y), fmpq(1)), arb(0), setting.phi
    for (field, alpha, own), (other, beta, their) in product(first, second):
        for (i, j, k), number in entry(alpha, beta, y, y).items() if field == other else ():
            m, n = j + 2 * i, j + 2 * k  # Leibniz: of q D(φ',φ'), q is differentiated at most once
            value = (1 + j) * expectation(phi, m, n, p) + p * expectation(phi, m + 1, n + 1, p)
            total += number * own * their / 2 ** (i + k) * value
    need(not total.contains(0), "the ball of the entry contains 0")
    names = " and ".join(name for name, _ in data["rows"])
    told = within(total, data["value"], f"the entry of T∞ of {names} at their point")
    return f"{told}, not 0 ({setting.phi}, one hidden layer)"


def positive_definite(data: Any) -> str:
    """λ_min(K∞) > 0 at the points of the file."""
    setting = Setting(data["setting"])
    rows = [setting.row(*row) for row in data["rows"]]
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
        need(exact(weight) > 0, "a weight is not positive")
        residual = polynomial(terms, gens) - exact(target)
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
    half, known = (a + b) / 2, not at(f, arb(a).union(arb(b))).contains(0)
    return known or (depth > 0 and all(has_no_zero(f, *ends, depth - 1) for ends in ((a, half), (half, b))))


PROOFS = (vanishing, classification, nonzero, positive_definite, drift)
KINDS = {proof.__name__.replace("_", "-"): proof for proof in PROOFS}


def digest(data: dict[str, Any], *but: str) -> str:
    """SHA-256 of all of the file but some keys; keys in order, without spaces."""
    rest = {key: part for key, part in data.items() if key not in but}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check(text: str) -> str:
    """The statement that the text of a file proves, or ``Rejected``."""
    before, ctx.prec = ctx.prec, BITS
    try:
        need(len(text) <= MOST_BYTES, "the file is too large")
        data = json.loads(text)
        need(isinstance(data, dict) and data.get("format") == FORMAT, f"this is no {FORMAT}")
        need(data.get("kind") in KINDS, f"the kind is none of {', '.join(KINDS)}")
        need(data.get("sha256") == digest(data, "sha256"), "the file was changed: its sum differs")
        own = f" (premises {digest(data, 'sha256', 'statement')[:16]})"  # another file's differ
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
