"""How a quantity grows, read off from its values at a ladder of ε."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log2

from mpmath import mp, mpf

#: Exponents are multiples of 1/12; a slope farther than this from one is not read.
GRID, FAR = 12, 0.03
#: A draw's slope this near to the block's is taken for it,
OUTLYING = 0.075
#: and this near, if it is on no grid point: a power of its own would be, to all digits that show.
OSCILLATING = 0.3
#: Beyond this slope in log-log between the last two rungs it is no power.
STEEP = 60
#: A straight line in log-log, without logarithms.
STRAIGHT = 1e-4
#: Half of the draws agree in the power of log ε to this; cos(u)cos(u') would scatter by more than 1.
STEADY = 0.3
#: Powers of log ε are multiples of 1/2, to this; an oscillation's apparent ones are anywhere.
HALVES = 0.05
#: Draws that drift to one side. Of oscillating ones at most one in six does.
DRIFTING = 0.8
#: Of oscillating draws without a logarithm 0.56 at most are curved to one side (three rungs of log|cos|),
#: with log ε 0.75 at least. Of this many draws this share is by chance in one block of 10^5.
MANY, CURVED = 100, 0.72
INFINITE = 10**6
#: log₂ of what counts as beyond any float.
CAP = 1e305

Row = Sequence[mpf | None]


@dataclass(frozen=True)
class Growth:
    """log|k| ~ exponent·log ε + logarithms·log|log ε|; exponent ±INFINITE: beyond any power."""

    exponent: Fraction
    logarithms: float = 0.0
    zero: bool = False
    defined: bool = True


UNDEFINED = Growth(Fraction(0), defined=False)
VANISHES = Growth(Fraction(0), zero=True)


class UnreadableError(ArithmeticError):
    """The values follow no power of ε times a power of its logarithm."""


def log_size(value: mpf) -> float:
    """log₂|value|, capped where no float holds it."""
    mantissa, exponent = mp.frexp(abs(value))
    if exponent.bit_length() > 1000:
        return CAP if exponent > 0 else -CAP
    return float(exponent) + log2(float(mantissa))


def read(blocks: Sequence[Sequence[Row]], rungs: Sequence[int], sign: int) -> list[list[Growth]]:
    """The growth of every draw of every entry of one block.

    A row holds one draw's values at ε = 2^(sign·rung), None where undefined. Oscillation shows as a curvature
    that differs between draws, a logarithm as one that does not; where other terms spoil its power, as a
    drift to the same side from rung to rung in nearly all draws. Where an oscillating term shows in few draws
    only, their curvatures lie off the others' and, as powers of a logarithm would not, off the halves.
    """
    lines = [[_slopes(row, rungs, sign) for row in rows] for rows in blocks]
    plain = [line for part in lines for line in part if not isinstance(line, Growth)]
    bends, count = sorted(_bend(line, rungs) for line in plain), len(plain)
    steady = count > 0 and bends[(3 * count) // 4] - bends[count // 4] < STEADY
    drifts = [_drift(line) for line in plain]
    drifting = max(drifts.count(1), drifts.count(-1)) >= DRIFTING * count > 0
    if not steady and (drifting or _curved(bends)):
        power = sign * bends[count // 2]
        return [
            [line if isinstance(line, Growth) else Growth(_grid(line[1]), power) for line in part]
            for part in lines
        ]
    steady = steady and not _oscillates(bends)
    late = sorted(line[1] for line in plain)
    common = late[count // 2] if count else 0.0
    return [
        [line if isinstance(line, Growth) else _fit(line, rungs, sign, steady, common) for line in part]
        for part in lines
    ]


def _slopes(row: Row, rungs: Sequence[int], sign: int) -> Growth | tuple[float, float]:
    if row[-1] is None:
        return UNDEFINED
    if row[-1] == 0:
        return VANISHES
    if row[-2] is None or row[0] is None or not row[0] or not row[-2]:
        raise UnreadableError("it vanishes or is undefined at some ε only")
    sizes = [log_size(v) for v in row]
    if abs(sizes[1]) == CAP:
        raise UnreadableError("too large too early")
    early = (sizes[1] - sizes[0]) / (rungs[1] - rungs[0])
    late = (sizes[2] - sizes[1]) / (rungs[2] - rungs[1])
    if abs(late) > STEEP and abs(late) > abs(early):
        return Growth(Fraction(INFINITE if (late > 0) == (sign > 0) else -INFINITE))
    return float(early) * sign, float(late) * sign


def _bend(line: tuple[float, float], rungs: Sequence[int]) -> float:
    """The power of log ε that explains two slopes."""
    early, late = line
    if abs(early - late) < STRAIGHT:
        return 0.0
    return (early - late) / (_rate(rungs[:2]) - _rate(rungs[1:]))


def _oscillates(bends: Sequence[float]) -> bool:
    """Whether most draws show no logarithm, and what the others show is no power of one."""
    usual = bends[len(bends) // 2] if bends else 0.0
    apart = [bend for bend in bends if abs(bend - usual) > STEADY]
    halves = sum(abs(2 * bend - round(2 * bend)) < 2 * HALVES for bend in apart)
    return abs(usual) < STEADY and halves < DRIFTING * len(apart)


def _curved(bends: Sequence[float]) -> bool:
    """Whether a logarithm shows through an oscillation: of many draws most are curved to one side."""
    sides = max(sum(bend > 0 for bend in bends), sum(bend < 0 for bend in bends))
    return len(bends) >= MANY and sides >= CURVED * len(bends)


def _drift(line: tuple[float, float]) -> int:
    """1 or −1 if both slopes lie on that side of a power, the later one nearer to it; else 0."""
    early, late = (slope - float(_grid(line[1])) for slope in line)
    if min(abs(early), abs(late)) < STRAIGHT or early * late < 0 or abs(late) > abs(early):
        return 0
    return 1 if late > 0 else -1


def _rate(pair: Sequence[int]) -> float:
    return (log2(pair[1]) - log2(pair[0])) / (pair[1] - pair[0])


def _fit(line: tuple[float, float], rungs: Sequence[int], sign: int, steady: bool, common: float) -> Growth:
    bend = sign * _bend(line, rungs)
    slope = line[1]
    if steady and bend:
        straight = slope - sign * bend * _rate(rungs[1:])
        near = _grid(straight)
        if abs(straight - near) < FAR / 3 and abs(bend) < 9:
            return Growth(near, bend)
    near = _grid(slope)
    reach = OSCILLATING if not steady and abs(slope - near) > STRAIGHT else OUTLYING
    if abs(slope - common) < reach and abs(common - _grid(common)) < FAR:
        # An oscillating factor that happens to be small at one ε.
        near = _grid(common)
    elif abs(slope - near) > FAR:
        raise UnreadableError(f"the slopes are {line[0]:.4f} and {line[1]:.4f}")
    return Growth(near)


def _grid(value: float) -> Fraction:
    return Fraction(round(value * GRID), GRID)


def middle(exponents: Sequence[Fraction]) -> Fraction:
    return statistics.median_low(exponents)
