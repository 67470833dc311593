"""Activations: one table line and one Taylor kernel each.

Every activation is known by its normalised Taylor coefficients φ_k(z) = φ^{(k)}(z)/k! at a point
(:mod:`ntk_theory.kernels.taylor`); the composition with a multivariate jet is the same for all of them.
What theory, limit law and the slow reference must know besides stands in the table line.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from fractions import Fraction

from ntk_theory.errors import InputError, SmoothnessError


@dataclass(frozen=True)
class Activation:
    """One line of the table.

    Attributes
    ----------
    name:
        Canonical name; ``relu^k`` for the powers of ReLU.
    code:
        The integer by which :func:`ntk_theory.kernels.taylor.fill` chooses the recursion.
    formula:
        φ(z) in the grammar of :func:`ntk_theory.parse`; where there is a ``power``, what it is a power of.
        The slow reference network computes with it.
    power:
        k of ReLU^k, else 0.
    beta:
        β of swish, z/(1 + e^{−βz}), in thousandths; else 0.
    derivatives:
        φ^{(j)} is a function, bounded on bounded sets, for j up to this; ``None``: for all j.
    growth:
        The least γ with |φ(z)| = O(1 + |z|^γ).
    strip:
        φ is analytic for |Im z| < strip. From it the quadrature of the limit law guesses its nodes, which
        are checked: too small a value costs time, too large a value as well.
    core, beside:
        φ is even (``core`` 1) or odd (−1) but for what stands ``beside``: a ``constant`` beside an odd
        core, a ``linear`` term beside an even one, or nothing; ``core`` is 0 for every other φ.
    closed_form:
        The name of E φ(U)φ(V) in :data:`ntk_theory.limit.closed_forms.CLOSED`; empty: by quadrature.
    """

    name: str
    code: int
    formula: str
    power: int = 0
    beta: int = 0
    derivatives: int | None = None
    growth: int = 1
    strip: float = math.pi / 2
    core: int = 0
    beside: str = ""
    closed_form: str = ""

    @property
    def number(self) -> int:
        """What the recursion gets along with the code: k of ReLU^k, 1000 β of swish."""
        return self.power or self.beta

    @property
    def parity(self) -> int:
        """1 for an even φ, −1 for an odd one, else 0."""
        return 0 if self.beside else self.core

    @property
    def is_smooth(self) -> bool:
        """Has φ derivatives of every order?"""
        return self.derivatives is None

    @property
    def has_bounded_derivatives(self) -> bool:
        """Are all derivatives of order ≥ 1 bounded, where they exist?"""
        return self.growth <= 1

    @staticmethod
    def of(name: str) -> Activation:
        """The activation called ``name``: ``relu2``, ``relu^2`` are max(z, 0)², ``swish:2`` z/(1 + e^{−2z}).

        Raises
        ------
        InputError
            ``name`` is neither in :data:`ACTIVATIONS`, nor a power of ReLU from 1 to 99, nor swish with a β
            in thousandths below 100.

        >>> Activation.of("relu^3").derivatives, Activation.of("swish:1/2").name
        (3, 'swish:0.5')
        """
        if isinstance(name, str):
            name = ALIASES.get(name, name)
            if name in ACTIVATIONS:
                return ACTIVATIONS[name]
            match = _RELU_POWER.match(name)
            if match:
                made = _relu(int(match.group(1)))
                return ACTIVATIONS.get(made.name, made)
            match = _SWISH_BETA.match(name)
            beta = 1000 * Fraction(match.group(1)) if match else Fraction(0)
            if beta.denominator == 1 and beta > 0:
                return ACTIVATIONS["silu"] if beta == THOUSAND else _swish(int(beta))
        known = ", ".join([*ACTIVATIONS, "relu^k with k from 1 to 99", "swish:β such as swish:1.5"])
        near = difflib.get_close_matches(str(name).lower(), ACTIVATIONS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(f"activation is {name!r}; it needs one of {known}{hint}")


THOUSAND = 1000
#: The codes of the recursions. A new one is a new name here.
TANH, SIGMOID, SOFTPLUS, SIN, ERF, GAUSSIAN, SILU, GELU, RELU, MISH, SWISH, ELU = range(12)


def _relu(power: int) -> Activation:
    name = "relu" if power == 1 else f"relu^{power}"
    return Activation(
        name,
        RELU,
        "(z + |z|)/2",
        power=power,
        derivatives=power,
        growth=power,
        strip=0.0,
        core=1 if power == 1 else 0,
        beside="linear" if power == 1 else "",
        closed_form="relu",
    )


def _swish(beta: int) -> Activation:
    """Swish with β = beta/1000."""
    exact = Fraction(beta, THOUSAND)
    return Activation(
        f"swish:{beta / THOUSAND:g}",
        SWISH,
        f"z/(1 + exp(-({exact})*z))",
        beta=beta,
        strip=math.pi / float(exact),
        core=1,
        beside="linear",
    )


#: Name → activation. ``relu^k`` and ``swish:β`` are made on demand by :meth:`Activation.of`.
ACTIVATIONS: dict[str, Activation] = {
    line.name: line
    for line in (
        Activation("tanh", TANH, "tanh(z)", growth=0, core=-1),
        Activation(
            "sigmoid", SIGMOID, "1/(1 + exp(-z))", growth=0, strip=math.pi, core=-1, beside="constant"
        ),
        Activation("softplus", SOFTPLUS, "log(1 + exp(z))", strip=math.pi, core=1, beside="linear"),
        Activation("sin", SIN, "sin(z)", growth=0, strip=math.inf, core=-1, closed_form="sin"),
        Activation("erf", ERF, "erf(z)", growth=0, strip=math.inf, core=-1, closed_form="erf"),
        Activation(
            "gaussian", GAUSSIAN, "exp(-z^2)", growth=0, strip=math.inf, core=1, closed_form="gaussian"
        ),
        Activation("silu", SILU, "z/(1 + exp(-z))", strip=math.pi, core=1, beside="linear"),
        Activation("gelu", GELU, "z*(1 + erf(z/sqrt(2)))/2", strip=math.inf, core=1, beside="linear"),
        _relu(1),
        # tanh(log(1 + e^z)) has its poles where (1 + e^z)² = −1: e^z = −1 ± i.
        Activation("mish", MISH, "z*tanh(log(1 + exp(z)))", strip=3 * math.pi / 4),
        # α = 1, z or e^z − 1: φ' is continuous, φ'' jumps at 0.
        Activation("elu", ELU, "(z + |z|)/2 + exp((z - |z|)/2) - 1", derivatives=2, strip=0.0),
    )
}
#: Another name → that of the line: swish with β = 1 is SiLU.
ALIASES = {"swish": "silu"}
_SWISH_BETA = re.compile(r"(?:swish|silu):([0-9]{1,2}(?:\.[0-9]{1,3})?|[0-9]{1,2}/[1-9][0-9]{0,2})\Z")
_RELU_POWER = re.compile(r"relu\^?([1-9][0-9]?)\Z")


def require_smooth(phi: Activation, order: int, *, extra: int = 1) -> None:
    """Refuse an activation whose ``order + extra``-th derivative is not bounded almost everywhere.

    The kernel of an operator of order n differentiates n times in x and once in θ, hence needs
    φ^{(n+1)}: ReLU^k serves if k ≥ n + 1 [D]. The jets themselves need ``extra=0``.
    """
    have = phi.derivatives
    if have is not None and have < order + extra:
        raise SmoothnessError(
            f"activation {phi.name} has only {have} derivative(s) bounded almost everywhere, but a slot of "
            f"order {order} needs {order + extra}; the smallest power that serves is "
            f"relu^{order + extra}, or choose a smooth activation such as tanh"
        )
