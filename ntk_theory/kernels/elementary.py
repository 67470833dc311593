"""exp and tanh without branches or library calls, so that loops over them vectorise.

exp: x = n ln2 + r, |r| ≤ ln2/2, with n by rounding and ln2 in two parts; e^r − 1 by a minimax
polynomial of degree 13; 2^n is put together from its bits.
tanh: with E = e^{2|x|} − 1 = 2^n (e^r − 1) + (2^n − 1), tanh|x| = E/(E + 2). Here n is rounded *down*,
0 ≤ r ≤ ln2, so that E is a sum of two non-negative terms and nothing cancels; beyond |x| = 20 the
result is 1 to double precision. The roundings of e^r − 1 and of E + 2
are kept and put back to first order, dt = (dE − t d(E + 2))/(E + 2) with 1/(E + 2) = (1 − t)/2.
Its derivative is not 1 − t², which has no digit left from |x| = 19 on, but (1 + t)(1 − t) with
1 − t = 2/(E + 2): correct to a few units in the last place wherever it is a normal number.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from ntk_theory.kernels.jit import inlined

INVERSE_LN2 = 1.4426950408889634
#: ln 2 = LN2_HIGH + LN2_LOW; the high part has trailing zeros, so that n·LN2_HIGH is exact.
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
#: Adding and subtracting 1.5·2^52 rounds to the nearest integer.
ROUND = 6755399441055744.0
#: z·SPLIT cuts z into two halves of 26 bits.
SPLIT = 134217729.0
#: Above: overflow of exp; below: results flush to about 1e-308 instead of a subnormal.
EXP_LIMIT = 708.0
#: Above, sech² underflows; E = e^{2|x|} − 1 just does not overflow.
TANH_LIMIT = 354.0


@intrinsic
def _power(context: Any, shifted: Any) -> Any:
    """2^n from the float n + 1.5·2^52, −1022 ≤ n ≤ 1023."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # The sum carries n in its lowest bits; shift it into the exponent.
        bits = builder.bitcast(arguments[0], ir.IntType(64))
        biased = builder.add(bits, ir.Constant(ir.IntType(64), 1023))
        return builder.bitcast(builder.shl(biased, ir.Constant(ir.IntType(64), 52)), ir.DoubleType())

    return types.float64(types.float64), generate


#: The compiled form takes the float alone; its declaration above is Numba's (context, arguments).
power_of_two: Any = _power


#: Coefficients of r², r³, … in e^r − 1 − r: of all polynomials of degree 13 the one whose error relative to
#: e^r − 1 is least on [−ln2/2, ln2]: 6.8e-19 (Remez exchange in 60 digits), 6.1e-18 as rounded here.
(C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13) = TAIL = (
    0.5,
    0.1666666666666668,
    0.04166666666666579,
    0.008333333333324495,
    0.0013888888889277485,
    0.0001984126985777346,
    2.4801586552461104e-05,
    2.755731040172462e-06,
    2.755795153466828e-07,
    2.5049151164459934e-08,
    2.06989007808626e-09,
    1.8844684368764998e-10,
)


@inlined
def expm1_tail(r: float) -> float:
    """e^r − 1 − r for −ln2/2 ≤ r ≤ ln2.

    Even and odd powers apart: two chains of dependent operations, half as long as one.
    """
    square = r * r
    even = C12
    even = even * square + C10
    even = even * square + C8
    even = even * square + C6
    even = even * square + C4
    even = even * square + C2
    odd = C13
    odd = odd * square + C11
    odd = odd * square + C9
    odd = odd * square + C7
    odd = odd * square + C5
    odd = odd * square + C3
    return square * (even + r * odd)


@inlined
def exp(x: float) -> float:
    """e^x, clamped to e^{±708}."""
    x = min(max(x, -EXP_LIMIT), EXP_LIMIT)
    shifted = x * INVERSE_LN2 + ROUND
    n = shifted - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    scale: float = power_of_two(shifted)
    return scale + scale * (r + expm1_tail(r))


@inlined
def tanh_and_slope(x: float) -> tuple[float, float]:
    """Tanh x within 2 units in the last place, and sech² x to 1e-15, relative, as far as |x| = 354."""
    a = min(abs(x), TANH_LIMIT)
    shifted = (2.0 * a * INVERSE_LN2 - 0.5) + ROUND
    n = shifted - ROUND
    r = (2.0 * a - n * LN2_HIGH) - n * LN2_LOW
    scale: float = power_of_two(shifted)
    tail = expm1_tail(r)
    p = r + tail
    p_low = (r - p) + tail
    e = scale * p + (scale - 1.0)
    d = e + 2.0
    part = d - e
    d_low = (e - (d - part)) + (2.0 - part)
    t = e / d
    t = t + (scale * p_low - t * d_low) * (0.5 - 0.5 * t)
    return (t if x >= 0.0 else -t), (2.0 / d) * (1.0 + t)


@inlined
def tanh(x: float) -> float:
    """Tanh x within 2 units in the last place."""
    return tanh_and_slope(x)[0]


@inlined
def sigmoid_and_slope(x: float) -> tuple[float, float]:
    """S(x) = 1/(1 + e^{−x}) and S'(x) = S(x) S(−x), from e = e^{−|x|}: nothing cancels."""
    e = exp(-abs(x))
    large = 1.0 / (1.0 + e)
    small = e * large
    return (large if x >= 0.0 else small), large * small


@inlined
def product(a: float, b: float) -> tuple[float, float]:
    """The rounding of a·b and its error, which add up to a·b (Veltkamp's splitting, Dekker's product)."""
    a_high = SPLIT * a
    a_high = a_high - (a_high - a)
    b_high = SPLIT * b
    b_high = b_high - (b_high - b)
    a_low, b_low = a - a_high, b - b_high
    rounded = a * b
    error = ((a_high * b_high - rounded) + a_high * b_low + a_low * b_high) + a_low * b_low
    return rounded, error


@inlined
def gauss(rate: float, z: float) -> float:
    """e^{−rate z²} for a power of two ``rate``, to 1e-15; with z² rounded the error would grow like z²."""
    rounded, error = product(z, z)
    value = exp(-rate * rounded)
    return value - value * (rate * error)
