"""What the grammar leaves out on purpose, and the way out: a message each.

Everything here is local: an operator sees the fields and their derivatives at one point. Integrals, delays
and derivatives of fractional order look at other points.
"""

from __future__ import annotations

INTEGRAL = (
    "an integral looks at other points, and an operator is taken at one",
    "a second field: the integral w of u over x has w_x = u, and w = 0 where it begins",
)
FRACTIONAL = (
    "a derivative of fractional order is an integral over other points",
    "fields for the memory, z_t = -a*z + u for a few rates a, of which the derivative is a sum",
)
DELAY = (
    "the field is taken at another place, a delay or a shift, and an operator is taken at one",
    "the earlier value as a known function of t, on an interval no longer than the delay (the method of "
    "steps); a condition of a problem file has its place beside its equation, on = [{ t = 0 }], or two "
    "places, periodic = [{ x = 0 }, { x = 1 }]",
)

_NAMES = {
    INTEGRAL: ("integral", "integrate", "int", "quad", "convolve", "conv", "cumsum", "mean", "average"),
    FRACTIONAL: ("caputo", "riemann", "fractional", "fraclap", "fracdiff", "fracd", "halflaplacian", "riesz"),
    DELAY: ("delay", "delayed", "lag", "shift", "shifted", "history"),
}
#: The name of a function, in lower case, to what is wrong with it and what to do.
BY_NAME = {name: reason for reason, names in _NAMES.items() for name in names}
