"""From growths to answers: the limit class and the exponent of a block at every s, as fractions of draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mpmath import mp, mpf

from rules_oracle.growth import Growth, middle
from rules_oracle.problems import OracleProblem
from rules_oracle.truth import DRAWS, SHARED, Entry, EntryTruth, Evaluator, Sample, digits_for, side

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


def _at_entry(truth: EntryTruth, s: Fraction) -> tuple[Counter[str], list[Fraction], bool]:
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


def combine(parts: Sequence[tuple[Counter[str], list[Fraction], bool]]) -> Answer:
    """The block's answer from those at its pairs of points: the worst that happens at a generic pair."""
    shares = []
    for classes, _, _ in parts:
        total = sum(classes.values())
        shares.append({k: n / total for k, n in classes.items()})
    exponents = [middle(e) for _, e, _ in parts if e]
    exponent = max(exponents) if exponents and all(p or not e for _, e, p in parts) else None
    beyond = bool(exponents) and abs(max(exponents)) > 1000
    pooled: Counter[str] = Counter()
    for share in shares:
        pooled.update({k: v / len(shares) for k, v in share.items()})
    if any(share.get(UNDEFINED, 0) > RARE for share in shares):
        return Answer(UNDEFINED, None, False, pooled)
    certain = [share for share in shares if share.get(DIVERGES, 0) >= 1 - RARE]
    if certain:
        return Answer(DIVERGES, exponent, beyond, pooled)
    if any(share.get(DIVERGES, 0) > RARE for share in shares):
        return Answer(MIXTURE, None, False, pooled)
    for kind in (RANDOM, DETERMINISTIC):
        found = [share for share in shares if share.get(kind, 0) > RARE]
        if found:
            mixed = any(share.get(ZERO, 0) > RARE for share in found)
            return Answer(RANDOM if mixed else kind, exponent, beyond, pooled)
    return Answer(ZERO, exponent, beyond, pooled)


def _at_one(
    samples: Sequence[Sequence[Sample]], k: int, bias: str
) -> tuple[Counter[str], list[Fraction], bool]:
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


def answers(problem: OracleProblem, exponents: Sequence[Fraction], seed: int = 0) -> Answers:
    """The truth about every block of a problem, for all output biases at every s."""
    evaluator = Evaluator(problem, seed)
    entries = list(evaluator.entries())
    blocks = _blocks(problem, entries)
    found: Answers = {}
    for bias in SHARED:
        for sign in (-1, 1):
            sides = side(evaluator, entries, bias, sign)
            for block, members in blocks.items():
                for name, truths in sides.items():
                    for s in exponents:
                        if (s - HALF) * sign < 0:
                            found[block, name, s] = combine([_at_entry(truths[k], s) for k in members])
        samples = _middle(evaluator, entries, bias)
        for block, members in blocks.items():
            for name in SHARED[bias]:
                found[block, name, HALF] = combine([_at_one(samples, k, name) for k in members])
    return found


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
        return [evaluator.samples(entries, draw, bias, 0, wide=True) for draw in range(2 * DRAWS)]
