"""What is seen before the first step: residuals, kernel and stable rates of the very network that will train.

Networks of width below :data:`WIDE` are drawn themselves, as ``network.init`` draws them, wider ones come
from the limit law (:mod:`ntk_theory.advice.initial_residuals`). Of every draw

    √mean_x R_g²            by group
    2/λ_max(Λ^{1/2}KΛ^{1/2})   the largest stable rate of gradient descent on the mean loss, λ_g = 1/n_g
    max_g tr_g/min_g tr_g   tr_g = tr(K^{gg})/n_g, how far the blocks are apart
    λ_max/λ_min             of the same matrix, above rounding

at the first points of every group. Of m = 20k + 1 draws the 5 %, 50 % and 95 % quantiles are the (k+1)-th,
(10k+1)-th and (19k+1)-th smallest, so that the number of n further networks below them is beta-binomial with
(k+1, 19k+1), (10k+1, 10k+1) and (19k+1, k+1), whatever the distribution, as long as it is continuous [D].
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ntk_theory.advice.initial_residuals import Quantiles, Starts
from ntk_theory.arrays import Floats
from ntk_theory.errors import NonFiniteError, NTKTheoryError
from ntk_theory.limit.law import limit_law
from ntk_theory.model.lowering import start_values
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.defaults import default_counts, thinned
from ntk_theory.training.objective import Objective

#: From this width on networks are as the limit law says.
WIDE = 512
#: Networks drawn, 20k + 1; and so many of them at most for eigenvalues.
DRAWS, KERNELS = 101, 21
#: About so many points in all, and so many per group for the limit law.
POINTS, LAW_POINTS = 60, 8
#: Mixed into the user's seed: the network that is trained is none of those drawn.
SEED = 0xF11
#: Sizes beyond these are worth a sentence, and rates below.
LARGE, SMALL_RATE, APART = 1e4, 1e-8, 1e6


@dataclass(frozen=True)
class Preflight:
    """The answer of :func:`preflight`.

    Attributes
    ----------
    residuals:
        √mean R_g² by group: 5 %, median, 95 %.
    rate:
        The largest stable rate of gradient descent on the mean loss.
    apart, condition:
        Ratio of the blocks' mean traces and condition number; None from the limit law.
    points:
        At which they were taken.
    by:
        "draws of this network" or "the limit law".
    because:
        Sentences: what is absurd, and what to rescale.
    """

    residuals: Mapping[str, Quantiles]
    rate: Quantiles
    apart: Quantiles | None
    condition: Quantiles | None
    points: Mapping[str, int]
    by: str
    because: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-like data."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """What a terminal shows, the sentences left out."""
        parts = ", ".join(f"{name} {_told(found)}" for name, found in self.residuals.items())
        yield f"at the start, median (5 % to 95 %) over {self.by}: rms residual {parts}"
        more = ""
        if self.apart is not None and self.condition is not None:
            more = f"; its kernel's largest block {_told(self.apart)} times its smallest, condition number "
            more += f"{self.condition.median:.0e}"
        yield f"gradient descent on the mean loss is stable below a rate of {_told(self.rate)}{more}"


def preflight(problem: Problem, network: Network, seed: int = 0, draws: int = DRAWS) -> Preflight | None:
    """Quantiles over initialisations; None where residuals are undefined or overflow in a draw.

    Parameters
    ----------
    problem:
        With a domain.
    network:
        Its width decides whether networks are drawn or the limit law is asked.
    seed:
        Of points and draws.
    draws:
        Networks drawn; the limit law has its own number.
    """
    try:
        if min(network.widths) < WIDE:
            return _drawn(problem, network, seed, draws)
        return None if problem.unknowns else _by_law(problem, network, seed)
    except NTKTheoryError:  # advice only: what does not fit or is not defined, training itself will say
        return None


def sizes(objective: Objective, network: Network, seeds: Iterable[int]) -> dict[str, Floats]:
    """√mean R_g² of the networks that these seeds draw, by group."""
    groups = objective.residuals.rows.groups
    ends = np.cumsum([group.size for group in groups])[:-1]
    found = []
    for seed in seeds:
        values = objective.values(_start(objective, network, seed))
        found.append([float(np.sqrt(np.mean(part**2))) for part in np.split(values, ends)])
    return {group.name: column for group, column in zip(groups, np.array(found).T, strict=True)}


def few_points(problem: Problem, network: Network, seed: int) -> dict[str, Floats]:
    """The first points of every group that ``train`` draws with this seed."""
    counts = default_counts(problem, network.parameter_count)
    return thinned(draw_points(problem, counts, seed), POINTS)


def _start(objective: Objective, network: Network, seed: int) -> Floats:
    drawn = network.init(seed).with_unknowns(objective.template.unknowns)
    return drawn.flatten()


def _drawn(problem: Problem, network: Network, seed: int, draws: int) -> Preflight:
    at = few_points(problem, network, seed)
    first = network.init(0).with_unknowns(start_values(problem.unknowns) if problem.unknowns else None)
    objective = Objective.of(problem, network, first, at, "mean")
    seeds = [int(n) for n in np.random.SeedSequence([seed, SEED]).generate_state(draws)]
    residuals = {name: Quantiles.of(column) for name, column in sizes(objective, network, seeds).items()}
    kernels = np.array([_spectrum(objective, _start(objective, network, one)) for one in seeds[:KERNELS]])
    if not np.isfinite(kernels).all():
        raise NonFiniteError("a kernel entry overflows; take a smaller width or a larger s")
    rate, apart, condition = (Quantiles.of(column) for column in kernels.T)
    return Preflight(
        residuals=residuals,
        rate=rate,
        apart=apart,
        condition=condition,
        points={name: len(array) for name, array in at.items()},
        by="draws of this network",
        because=tuple(_because(residuals, rate, apart)),
    )


def _spectrum(objective: Objective, vector: Floats) -> tuple[float, float, float]:
    """2/λ_max, the ratio of traces and the condition number, rounding left out."""
    root = np.sqrt(objective.weights)
    matrix = root[:, None] * objective.kernel(vector).matrix * root
    values = np.linalg.eigvalsh(matrix)
    floor = len(values) * np.finfo(np.float64).eps * values[-1]
    ends = np.cumsum([group.size for group in objective.residuals.rows.groups])[:-1]
    traces = [float(part.sum()) for part in np.split(np.diagonal(matrix), ends)]
    tiny = float(np.finfo(np.float64).tiny)
    return (
        2 / max(float(values[-1]), tiny),
        max(traces) / max(min(traces), tiny),
        float(values[-1]) / max(float(values[0]), floor, tiny),
    )


def _by_law(problem: Problem, network: Network, seed: int) -> Preflight | None:
    at = draw_points(problem, LAW_POINTS, seed)
    start = Starts(limit_law(problem, network, at, rtol=1e-4), seed).at(network.epsilon)
    if start is None:
        return None
    return Preflight(
        residuals=start.residuals,
        rate=start.rate,
        apart=None,
        condition=None,
        points={name: len(array) for name, array in at.items()},
        by="the limit law",
        because=tuple(_because(start.residuals, start.rate, None)),
    )


def _told(found: Quantiles) -> str:
    """``0.74 (0.3 to 1.7)``."""
    low, middle, high = (f"{value:.2g}" for value in (found.low, found.median, found.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _because(residuals: Mapping[str, Quantiles], rate: Quantiles, apart: Quantiles | None) -> Iterator[str]:
    worst = max(residuals, key=lambda name: residuals[name].median)
    if residuals[worst].median > LARGE:
        yield (
            f"the residual of {worst!r} starts at {residuals[worst].median:.1e}: state the problem in units "
            "in which its numbers are of size 1, or take --weights scaled, which divides it out"
        )
    if rate.median < SMALL_RATE:
        steps = math.ceil(-math.log10(rate.median))
        yield (
            f"gradient descent on the mean loss is stable below a rate of {rate.median:.1e} only, some "
            f"10^{steps} steps for one unit of its time: take --method gauss-newton"
        )
    if apart is not None and apart.median > APART:
        yield (
            f"the kernel's largest block is {apart.median:.1e} times its smallest: a sum or mean of squares "
            "learns one group and not the other; take --weights scaled or trace"
        )
