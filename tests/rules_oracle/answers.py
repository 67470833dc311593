"""From growths to answers: the limit class and the exponent of a block at every s, as fractions of draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mpmath import mp, mpf

from rules_oracle.growth import Growth, middle
from rules_oracle.problems import OracleProblem
from rules_oracle.truth import BIASES, DRAWS, SHARED, Entry, EntryTruth, Evaluator, Sample, digits_for, side

HALF = Fraction(1, 2)
#: Fewer draws than this do not make a class.
RARE = 0.05
#: Two values of one limit that agree.
SAME = 1e-6

MIXTURE = "mixture"
ZERO, DETERMINISTIC, RANDOM, DIVERGES, UNDEFINED = "zero", "deterministic", "random", "diverges", "undefined"


@dataclass(frozen=True)
class Answer:
    """The class of a block at one s, of a mixture its classes with their fractions; the exponent of N."""

    limit: str
    exponent: Fraction | None
    beyond: bool
    fractions: Mapping[str, float]
    possible: frozenset[Fraction] = frozenset()
    at_one_point: frozenset[str] = frozenset()

    def __str__(self) -> str:
        power = "" if self.exponent is None else f", N^{self.exponent}"
        mixed = " ".join(f"{k} {v:.2f}" for k, v in self.fractions.items()) if self.limit == MIXTURE else ""
        return f"{self.limit}{power}{mixed and f' ({mixed})'}"


def _power(kernel: Growth, loose: Growth, s: Fraction) -> tuple[Fraction, float, bool] | None:
    """(exponent, power of log N, whether T^∞ makes it) of one draw; None where all vanishes."""
    parts = []
    if not kernel.zero:
        parts.append(((HALF - s) * kernel.exponent, kernel.logarithms, True))
    if not loose.zero:
        parts.append(((HALF - s) * loose.exponent - HALF, loose.logarithms, False))
    return max(parts) if parts else None


def _class_of(power: tuple[Fraction, float, bool] | None) -> str:
    if power is None or power[0] < 0 or (power[0] == 0 and power[1] < -0.2):
        return ZERO
    return DIVERGES if power[0] > 0 or power[1] > 0.2 else ("finite" if power[2] else RANDOM)


def _spread(values: Sequence[mpf]) -> mpf:
    return (max(values) - min(values)) / max(map(abs, values))


def _at_entry(truth: EntryTruth, s: Fraction) -> Part:
    classes: Counter[str] = Counter()
    exponents, powers, finite = [], True, []
    for kernel, loose, last, before in zip(
        truth.kernel, truth.fluctuation, truth.last, truth.before, strict=True
    ):
        if not kernel.defined:
            classes[UNDEFINED] += 1
            continue
        power = _power(kernel, loose, s)
        kind = _class_of(power)
        classes[kind] += 1
        if power is None:
            powers = False
        else:
            exponents.append(power[0])
            powers = powers and abs(power[1]) < 0.2 and abs(power[0]) < 1000
        if kind == "finite":
            finite.append((last, before))
    count = classes.pop("finite", 0)
    if count:
        late = _spread([a for a, _ in finite])
        settles = late < SAME or late < 0.5 * _spread([b for _, b in finite])
        classes[DETERMINISTIC if settles else RANDOM] += count
    return classes, exponents, powers


def _possible(parts: Sequence[Sequence[Fraction]]) -> frozenset[Fraction]:
    """Exponents that a block may be said to have: the largest; where draws disagree any not rare."""
    common = [{e for e, n in Counter(part).items() if n > RARE * len(part)} for part in parts]
    sure = max((min(part) for part in common), default=None)
    return frozenset(e for part in common for e in part if sure is not None and e >= sure)


def _is_spared(diagonal: Sequence[Part]) -> bool:
    """Does some K(x, x) stay bounded in more than rare draws?

    Then by |K(x, x')|² ≤ K(x, x) K(x', x') so does K(x, x') wherever both do, however rare in the draws:
    with exp(u_x) + exp(u_t) it takes four signs.
    """
    shares = [_share(classes) for classes, _, _ in diagonal]
    return any(share and 1 - share.get(DIVERGES, 0) > 3 * RARE for share in shares)


Part = tuple[Counter[str], list[Fraction], bool]


def combine(parts: Sequence[Part], diagonal: Sequence[Part] = ()) -> Answer:
    """The block's answer from those at its pairs of points: the worst that happens at a generic pair.

    A norm holds the diagonal too: a block whose K(x, x) surely diverges does, whatever K(x, x') may do.
    """
    shares = []
    for classes, _, _ in parts:
        shares.append(_share(classes))
    exponents = [middle(e) for _, e, _ in parts if e]
    possible = _possible([e for _, e, _ in parts if e])
    exponent = max(exponents) if exponents and all(p or not e for _, e, p in parts) else None
    beyond = bool(exponents) and abs(max(exponents)) > 1000
    pooled = _pooled(shares)
    if any(share.get(UNDEFINED, 0) > RARE for share in shares):
        return Answer(UNDEFINED, None, False, pooled)
    certain = [share for share in shares if share.get(DIVERGES, 0) >= 1 - RARE]
    if certain and not _is_spared(diagonal):
        return Answer(DIVERGES, exponent, beyond, pooled, possible)
    if certain or any(share.get(DIVERGES, 0) > RARE for share in shares):
        for classes, there, _ in diagonal:
            if classes[DIVERGES] >= (1 - RARE) * sum(classes.values()):
                return Answer(DIVERGES, exponent, beyond, pooled, possible | frozenset(there))
        mixed = [share for share in shares if not _is_sure(share)]
        own = [_share(classes) for classes, _, _ in diagonal]
        every = own or shares  # what an entry off the diagonal can do, those on it show: see _is_spared
        pooled = _raised(_pooled(mixed), every)
        alone = _raised(_pooled([share for share in own if not _is_sure(share)]), every)
        common = frozenset(k for k, part in alone.items() if part > RARE)
        return Answer(MIXTURE, None, False, pooled, at_one_point=common)
    for kind in (RANDOM, DETERMINISTIC):
        found = [share for share in shares if share.get(kind, 0) > RARE]
        if found:
            mixed = any(share.get(ZERO, 0) > RARE for share in found)
            return Answer(RANDOM if mixed else kind, exponent, beyond, pooled, possible)
    return Answer(ZERO, exponent, beyond, pooled, possible)


#: What a norm does if one of its entries does it: the first of these that occurs.
WORST = (UNDEFINED, DIVERGES, RANDOM, DETERMINISTIC, ZERO)


def _share(classes: Mapping[str, int]) -> dict[str, float]:
    total = sum(classes.values())
    return {k: n / total for k, n in classes.items()}


def _is_sure(share: Mapping[str, float]) -> bool:
    """Does an entry do the same in all draws, rare ones apart?"""
    return max(share.values(), default=1.0) >= 1 - RARE


def _pooled(shares: Sequence[Mapping[str, float]]) -> Counter[str]:
    pooled: Counter[str] = Counter()
    for share in shares:
        pooled.update({k: v / len(shares) for k, v in share.items()})
    return pooled


def _raised(pooled: Counter[str], every: Sequence[Mapping[str, float]]) -> Counter[str]:
    """The classes of a norm of entries: it does no less than the least that each of them can do."""
    least = [
        max(WORST.index(kind) for kind, part in share.items() if part > RARE) for share in every if share
    ]
    floor = min(least, default=len(WORST) - 1)
    raised: Counter[str] = Counter()
    for kind, part in pooled.items():
        raised[WORST[min(WORST.index(kind), floor)]] += part
    return raised


def _at_one(samples: Sequence[Sequence[Sample]], k: int, bias: str) -> Part:
    """One entry at s = 1/2, where ε = 1, from its draws."""
    values = [draw[k].of(bias) for draw in samples]
    defined = [v for v in values if v is not None]
    classes: Counter[str] = Counter({UNDEFINED: len(values) - len(defined)})
    if defined and not any(defined):
        loose = any(draw[k].fluctuation for draw in samples)
        return classes + Counter({ZERO: len(defined)}), [-HALF] if loose else [], loose
    if defined:
        classes[DETERMINISTIC if _spread(defined) < SAME else RANDOM] += len(defined)
    return +classes, [Fraction(0)], True


Answers = dict[tuple[str, str, Fraction], Answer]  # (block, bias, s)


def answers(
    problem: OracleProblem,
    exponents: Sequence[Fraction],
    seed: int = 0,
    biases: Sequence[str] = BIASES,
    draws: int = DRAWS,
) -> Answers:
    """The truth about every block of a problem, for these output biases at every s."""
    evaluator = Evaluator(problem, seed, draws)
    entries = list(evaluator.entries())
    blocks = _blocks(problem, entries)
    found: Answers = {}
    for bias in (drawn for drawn, users in SHARED.items() if set(users) & set(biases)):
        for sign in (-1, 1):
            sides = side(evaluator, entries, bias, sign)
            for block, members in blocks.items():
                for name, truths in sides.items():
                    for s in exponents:
                        if (s - HALF) * sign < 0:
                            parts = {k: _at_entry(truths[k], s) for k in members}
                            found[block, name, s] = combine(*_split(entries, parts))
        samples = _middle(evaluator, entries, bias)
        for block, members in blocks.items():
            for name in SHARED[bias]:
                middle_parts = {k: _at_one(samples, k, name) for k in members}
                found[block, name, HALF] = combine(*_split(entries, middle_parts))
    return found


def _split(entries: Sequence[Entry], parts: Mapping[int, Part]) -> tuple[list[Part], list[Part]]:
    """The parts at two points, and those on the diagonal."""
    return tuple([part for k, part in parts.items() if entries[k].diagonal == on] for on in (False, True))


def _blocks(problem: OracleProblem, entries: Sequence[Entry]) -> dict[str, list[int]]:
    """The entries of every pair of rows, "g,h", and of the composite blocks bb, bf and ff."""
    blocks: dict[str, list[int]] = {}
    letters = {row.name: row.letter for row in problem.rows}
    for k, entry in enumerate(entries):
        g, h = entry.left.row, entry.right.row
        blocks.setdefault(f"{g},{h}", []).append(k)
        pair = "".join(sorted(letters[g] + letters[h]))
        if len(pair) == 2:
            blocks.setdefault(pair, []).append(k)
    return blocks


def _middle(evaluator: Evaluator, entries: Sequence[Entry], bias: str) -> list[list[Sample]]:
    """All entries at ε = 1 on jets of very different sizes: what can happen there happens."""
    digits = digits_for(evaluator, entries, bias, 0, (40, 220, 860), wide=True)
    with mp.workdps(digits):
        return [evaluator.samples(entries, draw, bias, 0, wide=True) for draw in range(2 * evaluator.draws)]
