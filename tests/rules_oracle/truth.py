"""Exponents and limit classes of the blocks of a problem, by direct evaluation of the identity of THEORY §3.

    K^{gh}(x, x') = ε² Σ F_{iα}(x) F_{jβ}(x') T_{iα,jβ} + Σ_i F_{i0}(x) F_{i0}(x')    (last sum iff c trained)

With T = T^∞ (the same for all fields, 0 between them) + N^{-1/2} τ, τ without any structure, a block is

    K = k(ε) + N^{-1/2} n(ε),    k = ε² ΣΣ F F' T^∞ + bias,   n = ε² ‖(F_{iα} F_{jβ}')‖

on drawn jets. Both are evaluated at ε = 2^(∓rung), and the block has the exponent max((½−s)e_k, (½−s)e_n − ½)
of N.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from mpmath import mp, mpf
from mpmath.libmp import from_float, fzero, mpf_add, mpf_mul, mpf_shift, mpf_sum

from rules_oracle.growth import Growth, UnreadableError, log_size, read
from rules_oracle.kernel import Kernel
from rules_oracle.problems import Face, OracleProblem
from rules_oracle.tree import BeyondReachError, Program, Raw, Slot, UndefinedError

BIASES = ("zero", "normal", "none")
#: log₂ of 1/ε and of ε, with the digits to try; the first that the next confirms are used. Exponentials that
#: cancel need every digit of their arguments: for those the second ladder.
LADDERS = (
    ((40, 160, 640), (40, 240, 860)),
    ((7, 9, 10), (60, 500, 3500)),
)
#: Pairs of points per pair of faces, and jets per pair of points.
PAIRS, DRAWS = 4, 4
#: Jets per pair of points where the first ones disagree.
MORE = 24
#: Without a trained bias u starts where it starts with one that is 0.
SHARED = {"zero": ("zero", "none"), "normal": ("normal",)}

Point = tuple[tuple[str, Fraction], ...]
Gradient = Mapping[Slot, Raw]


@dataclass(frozen=True)
class Place:
    """One alternative of one row: its legs, with the programs of their operators and their points."""

    row: str
    faces: tuple[Face, ...]
    programs: tuple[Program, ...]
    points: tuple[tuple[tuple[Point, ...], ...], ...]  # [side][pair][leg]

    @property
    def affine(self) -> bool:
        return all(program.affine for program in self.programs)


@dataclass(frozen=True)
class Entry:
    """One block of K at one pair of points."""

    left: Place
    right: Place
    pair: int


@dataclass(frozen=True)
class Sample:
    """k with and without the trained bias, n, all at one ε and one draw; None: no real value."""

    trained: mpf | None
    untrained: mpf | None
    fluctuation: mpf | None
    cancelled: bool = False

    def of(self, bias: str) -> mpf | None:
        return self.untrained if bias == "none" else self.trained


NOWHERE = Sample(None, None, None)


def places(problem: OracleProblem, rng: random.Random) -> tuple[Place, ...]:
    """All alternatives of all rows; those on the same faces share their points."""
    found = []
    drawn: dict[str, tuple[tuple[tuple[Point, ...], ...], ...]] = {}
    for row in problem.rows:
        for legs in row.places:
            faces = [face for _, face in legs]
            if str(faces) not in drawn:
                drawn[str(faces)] = tuple(
                    tuple(_points(problem, faces, pair, side, rng) for pair in range(PAIRS))
                    for side in (0, 1)
                )
            points = drawn[str(faces)]
            programs = tuple(Program.of(node) for node, _ in legs)
            found.append(Place(row.name, tuple(face for _, face in legs), programs, points))
    return tuple(found)


def _points(
    problem: OracleProblem, faces: Sequence[Face], pair: int, side: int, rng: random.Random
) -> tuple[Point, ...]:
    """Points of all legs; they share their free coordinates, whose signs vary with the pair and side."""
    free = {}
    for name, (low, high) in problem.box.items():
        if low < 0 < high:
            positive = pair % 2 if side == 0 else (pair + pair // 2) % 2
            start, end = (Fraction(0), high) if positive else (low, Fraction(0))
        else:
            start, end = low, high
        free[name] = start + (end - start) * Fraction(rng.randint(200, 3900), 4096)
    return tuple(tuple((name, face.get(name, free[name])) for name in problem.variables) for face in faces)


class Evaluator:
    """Blocks at given ε, draw and precision; gradients are shared between the blocks."""

    def __init__(self, problem: OracleProblem, seed: int) -> None:
        rng = random.Random(seed)
        self.problem, self.seed = problem, seed
        self.places = places(problem, rng)
        self.slots = sorted({s for place in self.places for program in place.programs for s in program.slots})
        self.kernel = Kernel(self.slots, rng)
        self.origin = (0,) * len(problem.variables)
        self._drawn: dict[tuple[Point, str, bool], dict[Slot, float]] = {}
        self._affine: dict[tuple[int, int, int, int], Sample] = {}

    def entries(self) -> Iterator[Entry]:
        """Every pair of places once, at every pair of points."""
        for i, left in enumerate(self.places):
            for right in self.places[i:]:
                yield from (Entry(left, right, pair) for pair in range(PAIRS))

    def _standard(self, point: Point, draw: str, wide: bool) -> dict[Slot, float]:
        """S_α by the seed, the draw and the point alone; ``wide``: of very different sizes."""
        key = (point, draw, wide)
        if key not in self._drawn:
            rng = random.Random(f"{self.seed} {draw} {point}")
            self._drawn[key] = {
                slot: rng.gauss(0, 1) * (10 ** rng.uniform(-1, 1.5) if wide else 1.0) for slot in self.slots
            }
        return self._drawn[key]

    def jets(self, point: Point, draw: str, bias: str, rung: int, wide: bool) -> dict[Slot, Raw]:
        """u_α = εS_α + c."""
        jets = {slot: mpf_shift(from_float(v), rung) for slot, v in self._standard(point, draw, wide).items()}
        if bias == "normal":
            constants = random.Random(f"{self.seed} {draw} c")
            for name in self.problem.fields:
                c = constants.gauss(0, 1)
                slot = (name, self.origin)
                if slot in jets:
                    jets[slot] = mpf_add(jets[slot], from_float(c), mp.prec)
        return jets

    def _gradients(
        self, place: Place, side: int, pair: int, draw: int, bias: str, rung: int, wide: bool
    ) -> tuple[Gradient, ...] | None:
        """F_α of every leg of a place; None where the operator has no value."""
        try:
            return tuple(
                program.gradient(
                    {n: (mpf(q.numerator) / q.denominator)._mpf_ for n, q in point},
                    self.jets(point, f"{draw} {pair}", bias, rung, wide),
                )
                for program, point in zip(place.programs, place.points[side][pair], strict=True)
            )
        except UndefinedError:
            return None

    def samples(
        self, entries: Sequence[Entry], draw: int, bias: str, rung: int, wide: bool = False
    ) -> list[Sample]:
        """All entries at ε = 2^rung and one draw, at the precision that is set."""
        gradients: dict[tuple[int, int, int], tuple[Gradient, ...] | None] = {}

        def rows(place: Place, side: int, pair: int) -> tuple[Gradient, ...] | None:
            key = (id(place), side, pair)
            if key not in gradients:
                gradients[key] = self._gradients(place, side, pair, draw, bias, rung, wide)
            return gradients[key]

        found = []
        for entry in entries:
            affine = entry.left.affine and entry.right.affine
            key = (id(entry.left), id(entry.right), entry.pair, rung)
            if affine and key in self._affine:
                found.append(self._affine[key])
                continue
            left, right = rows(entry.left, 0, entry.pair), rows(entry.right, 1, entry.pair)
            if left is None or right is None:
                found.append(NOWHERE)
                continue
            found.append(self._sample(entry, left, right, rung))
            if affine:
                # Its terms do not know the draw, so whatever cancels is 0.
                found[-1] = self._affine[key] = replace(found[-1], cancelled=False)
        return found

    def _sample(self, entry: Entry, left: Sequence[Gradient], right: Sequence[Gradient], rung: int) -> Sample:
        table, products, bias = self.kernel.raw_table(entry), [], []
        for (i, first), (j, second) in product(enumerate(left), enumerate(right)):
            for (name, alpha), a in first.items():
                if a == fzero:
                    continue
                for (other, beta), b in second.items():
                    if name == other and b != fzero:
                        both = mpf_mul(a, b, mp.prec)
                        t = table.get((i, j, alpha, beta))
                        if t is not None:
                            products.append(mpf_mul(both, t, mp.prec))
                        if alpha == beta == self.origin:
                            bias.append(both)
        hidden, lost = _sum(products)
        trained, lost_too = _sum(bias)
        hidden = mp.ldexp(hidden, 2 * rung)
        size = mp.sqrt(_square(left) * _square(right))
        return Sample(hidden + trained, hidden, mp.ldexp(size, 2 * rung), lost or lost_too)


def _square(gradients: Sequence[Gradient]) -> mpf:
    """Σ F_α² over all legs and slots: ‖(F_{iα}F_{jβ}')‖ is a product."""
    return mp.make_mpf(mpf_sum([mpf_mul(v, v, mp.prec) for g in gradients for v in g.values()], mp.prec))


def _sum(terms: Sequence[Raw]) -> tuple[mpf, bool]:
    """The sum, 0 where it is rounding of its terms, and whether it was that."""
    if not terms:
        return mpf(0), False
    total = mp.make_mpf(mpf_sum(terms, mp.prec))
    largest = max(exponent + bits for _, _, exponent, bits in terms)
    if not total or mp.mag(total) < largest - mp.prec + 40:
        return mpf(0), True
    return total, False


def _same(a: mpf, b: mpf, rung: int) -> bool:
    """Equal to eight digits; beyond any power of ε, equal in the logarithm."""
    if abs(a - b) <= mpf(10) ** -8 * abs(b):
        return True
    if not a or not b:
        return False
    first, second = log_size(a), log_size(b)
    return abs(second) > 100 * abs(rung) and abs(first - second) <= 1e-8 * abs(second)


def _agree(one: Sample, other: Sample, rung: int) -> bool:
    if one.trained is None or other.trained is None:
        return one.trained is other.trained
    pairs = zip(
        (one.trained, one.untrained, one.fluctuation),
        (other.trained, other.untrained, other.fluctuation),
        strict=True,
    )
    return all(_same(a, b, rung) for a, b in pairs)


def digits_for(
    evaluator: Evaluator,
    entries: Sequence[Entry],
    bias: str,
    rung: int,
    levels: Sequence[int],
    wide: bool = False,
) -> int:
    """The fewest digits that more digits confirm on one draw; a sum that cancels needs the most."""
    previous: list[Sample] | None = None
    for k, digits in enumerate(levels):
        with mp.workdps(digits):
            current = evaluator.samples(entries, 0, bias, rung, wide)
        if previous is not None:
            cancelled = any(sample.cancelled for sample in previous)
            if all(a.cancelled or _agree(a, b, rung) for a, b in zip(previous, current, strict=True)):
                if not cancelled:
                    return levels[k - 1]
                if k + 1 == len(levels):
                    return digits
        previous = current
    raise UnreadableError(f"{levels[-1]} digits do not settle the values at 2^{rung}")


@dataclass(frozen=True)
class EntryTruth:
    """What one entry does: growths of k and n per draw on one side, and the last values of k."""

    kernel: tuple[Growth, ...]
    fluctuation: tuple[Growth, ...]
    last: tuple[mpf | None, ...]
    before: tuple[mpf | None, ...]


def _members(entries: Sequence[Entry]) -> list[list[int]]:
    """The entries of every pair of rows."""
    blocks: dict[tuple[str, str], list[int]] = {}
    for k, entry in enumerate(entries):
        blocks.setdefault((entry.left.row, entry.right.row), []).append(k)
    return list(blocks.values())


def _disagree(found: Mapping[str, Sequence[EntryTruth]], members: Sequence[int]) -> bool:
    """Whether draws of one block disagree on more than the size."""
    for truths in found.values():
        for growths in ([truths[k].kernel for k in members], [truths[k].fluctuation for k in members]):
            if len({(g.exponent, g.zero, g.defined) for part in growths for g in part}) > 1:
                return True
    return False


def side(evaluator: Evaluator, entries: Sequence[Entry], bias: str, sign: int) -> dict[str, list[EntryTruth]]:
    """The entries as ε → 0 (sign −1) or ∞ (sign 1), for the output biases that share the draws.

    Where draws disagree there are more of them.
    """
    problems = []
    for ladder, levels in LADDERS:
        rungs = [sign * rung for rung in ladder]
        try:
            digits = [digits_for(evaluator, entries, bias, rung, levels) for rung in rungs]
            steps = list(zip(rungs, digits, strict=True))
            values = _values(evaluator, entries, bias, range(DRAWS), steps)
            found = {name: _read(values, entries, name, ladder, sign) for name in SHARED[bias]}
            mixed = [k for members in _members(entries) for k in members if _disagree(found, members)]
            if mixed:
                some = [entries[k] for k in mixed]
                values = _values(evaluator, some, bias, range(MORE), steps)
                for name, truths in found.items():
                    for k, truth in zip(mixed, _read(values, some, name, ladder, sign), strict=True):
                        truths[k] = truth
            return found
        except (UnreadableError, BeyondReachError, OverflowError, MemoryError) as cause:
            problems.append(f"{type(cause).__name__}: {cause}")
    raise UnreadableError("; ".join(problems))


Values = list[list[list[Sample]]]  # [draw][rung][entry]


def _values(
    evaluator: Evaluator, entries: Sequence[Entry], bias: str, draws: range, rungs: Sequence[tuple[int, int]]
) -> Values:
    values: Values = []
    for draw in draws:
        values.append([])
        for rung, digits in rungs:
            with mp.workdps(digits):
                values[-1].append(evaluator.samples(entries, draw, bias, rung))
    return values


def _read(
    values: Values, entries: Sequence[Entry], bias: str, ladder: Sequence[int], sign: int
) -> list[EntryTruth]:
    found: list[EntryTruth | None] = [None] * len(entries)
    for members in _members(entries):
        kernels = [[[rung[k].of(bias) for rung in draw] for draw in values] for k in members]
        loose = [[[rung[k].fluctuation for rung in draw] for draw in values] for k in members]
        growths = zip(members, kernels, read(kernels, ladder, sign), read(loose, ladder, sign), strict=True)
        for k, rows, first, second in growths:
            found[k] = EntryTruth(
                tuple(first), tuple(second), tuple(row[-1] for row in rows), tuple(row[-2] for row in rows)
            )
    return [truth for truth in found if truth is not None]
