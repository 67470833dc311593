"""The exponents s that are compared for a network: limits, rates, residuals, cost, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ntk_theory.advice.initial_residuals import Quantiles
from ntk_theory.advice.preflight import Preflight


@dataclass(frozen=True)
class Option:
    """What one s means.

    Attributes
    ----------
    s:
        The exponent, as text.
    kernel:
        Limit class by block; a pair of value groups or equations is part of bb, bf or ff.
    norm_exponent:
        e, the largest exponent of N among all blocks; None where undecided.
    rate_exponent:
        −e: the largest stable rate of gradient descent scales like N to this power.
    rate:
        That rate at this width, for the mean loss ½ Σ_g (1/n_g) Σ R_g²; None where F is undefined.
    hidden_rate_exponent, hidden_factor:
        2s − 1, and N to this power: the factor for hidden layers and readout that makes their part of the
        kernel free of N.
    factored_rate:
        The largest stable rate together with that factor.
    residuals:
        RMS residual at initialisation by group: 5 %, median, 95 %; None where F is undefined there.
    drift:
        What the kernel does in training, with the source mark.
    faults:
        Blocks that diverge, are undefined or undecided at this s, in sentences; empty where all is well.
    """

    s: str
    kernel: Mapping[str, str]
    norm_exponent: str | None
    rate_exponent: str | None
    rate: Quantiles | None
    hidden_rate_exponent: str
    hidden_factor: float
    factored_rate: Quantiles | None
    residuals: Mapping[str, Quantiles] | None
    drift: str
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """What the network costs at the points that ``train`` takes by itself.

    Attributes
    ----------
    points, parameters:
        n and P.
    kernel_flops, kernel_bytes, kernel_seconds:
        One kernel K, estimated; None where it exceeds this machine's memory.
    jacobian_bytes:
        The dense J of Gauss–Newton, 8nP.
    """

    points: int
    parameters: int
    kernel_flops: float | None
    kernel_bytes: float | None
    kernel_seconds: float | None
    jacobian_bytes: float


@dataclass(frozen=True, repr=False)
class Compared:
    """The s that were compared for a network, and the one that is recommended.

    Attributes
    ----------
    s:
        The recommended exponent; None where no s serves the goal.
    because, beware:
        The reasons, and what to beware of, each with its source mark.
    options:
        All candidates, the recommended one among them, by s.
    width, depth, activation, output_bias, goal, features, initialisation:
        The question.
    points:
        Points per group at which residuals and rates were taken.
    cost:
        For this network, whatever s.
    title, equations:
        The problem in words.
    preflight:
        What networks of a width below :data:`~ntk_theory.advice.preflight.WIDE` are at their start, drawn
        themselves at the recommended s; None for wider ones, for which the options say it, and where
        residuals are undefined.
    """

    s: str | None
    because: tuple[str, ...]
    beware: tuple[str, ...]
    options: tuple[Option, ...]
    width: int
    depth: int
    activation: str
    output_bias: str
    goal: str
    points: Mapping[str, int]
    cost: Cost
    features: Mapping[str, Any] | None = None
    initialisation: str | Mapping[str, Any] | None = None
    title: str = ""
    equations: tuple[str, ...] = ()
    preflight: Preflight | None = None

    @property
    def option(self) -> Option | None:
        """The recommended one."""
        return next((option for option in self.options if option.s == self.s), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-like data."""
        return asdict(self)
