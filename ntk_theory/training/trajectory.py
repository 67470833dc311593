"""The result of a training run, and a trained network as a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jets import jets
from ntk_theory.frames import frame
from ntk_theory.model.network import Network
from ntk_theory.model.network_file import load, save
from ntk_theory.model.parameters import Parameters
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.mirrors import Mirror, halved
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.continuation import StageEnd
from ntk_theory.training.drift import Assumptions, Drift
from ntk_theory.training.evidence import Estimate
from ntk_theory.training.identified import Identified
from ntk_theory.training.identified_fields import IdentifiedField
from ntk_theory.training.scaling import Scale
from ntk_theory.training.weighting import rms_of_losses

#: What these two were called before they were public as ``nt.save`` and ``nt.load``.
save_network, load_network = save, load


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory(Shown):
    """What a training run did.

    Attributes
    ----------
    method:
        The method's name.
    network, initial, parameters:
        The network, where it started and where it ended.
    points:
        The points of the last step, by group.
    group_weights:
        λ_g of the last step.
    times:
        (k,) the clock after every step: training time or the number of steps; first 0.
    losses:
        (k,) L = ½ Σ λ R², sums over points.
    group_losses:
        Its parts by group, (k,) each.
    drift, assumptions:
        Along the record times; ``drift`` is None where no kernels were recorded.
    errors:
        (records, 2): clock and relative L² error against the known solution; empty without one.
    fresh_times, fresh_residuals:
        The clock at the records, and √mean R_g² there at points that nothing is trained on, by group;
        empty where the domain does not say where to draw them.
    estimate:
        The error estimate at the end, None without fresh points.
    identified:
        The unknown coefficients at the end with their standard errors.
    identified_fields:
        The unknown fields on a grid, with theirs.
    start_losses:
        The last loss of every start, where there were several; this run is the best.
    stages:
        How the easier problems on the way ended; all else is of the problem itself, ``initial`` and the drift
        from the state after them.
    mirror:
        The symmetry by which one half of the problem was trained: groups and points are those of
        :meth:`trained`.
    scale:
        The sizes of outputs and groups, where the weights are ``scaled``.
    contradictions:
        Conditions that contradict each other where their faces meet: no network meets them all.
    evaluations:
        Evaluations of R, ∇L, J or products with J.
    seconds:
        Wall time, that of ``stages`` included.
    reason:
        Why it stopped.
    clock:
        What ``times`` counts: "time" or "steps".
    """

    method: str
    network: Network
    initial: Parameters
    parameters: Parameters
    points: Mapping[str, Floats]
    group_weights: Mapping[str, float]
    times: Floats
    losses: Floats
    group_losses: Mapping[str, Floats]
    drift: Drift | None
    assumptions: Assumptions
    errors: Floats
    evaluations: int
    seconds: float
    reason: str
    clock: str
    fresh_times: Floats
    fresh_residuals: Mapping[str, Floats]
    estimate: Estimate | None
    scale: Scale | None = None
    contradictions: tuple[str, ...] = ()
    identified: tuple[Identified, ...] = ()
    identified_fields: tuple[IdentifiedField, ...] = ()
    start_losses: tuple[float, ...] = ()
    stages: tuple[StageEnd, ...] = ()
    mirror: Mirror | None = None

    def brief(self) -> Brief:
        """One row per group: its losses and residuals; why the run stopped, what is known of the error."""
        network = self.network
        trained = {name: f"{value:.1e}" for name, value in self.training_rms().items()}
        layers = "-".join(str(width) for width in network.widths)
        known = {name: f"{curve[-1]:.1e}" for name, curve in self.fresh_residuals.items()}
        fresh = {name: known.get(name, "—") for name in self.group_losses}
        rows = tuple(
            (
                name,
                str(len(self.points[name])),
                *(f"{v:.2e}" for v in curve[[0, -1]]),
                trained[name],
                fresh[name],
            )
            for name, curve in self.group_losses.items()
        )
        notes = [f"stopped after {len(self.times) - 1} steps, {self.seconds:.1f} s: {self.reason}"]
        notes += [f"loss {self.loss:.2e}" + ("" if self.error is None else f", error {self.error:.1e}")]
        notes += filter(None, [self.told_stages(), self.told_mirror()])
        notes += [str(one) for one in self.identified]
        head = ("group", "points", "first loss", "last loss", "rms residual", "fresh")
        return Brief(
            f"{self.method}, {layers} {network.activation}, s = {network.exponent}", head, rows, tuple(notes)
        )

    def told_stages(self) -> str | None:
        """How many runs came before, and how long they took; None without any."""
        if not self.stages:
            return None
        seconds = sum(stage.seconds for stage in self.stages)
        return (
            f"before: {len(self.stages)} runs in {seconds:.1f} s, from {self.stages[0].told!r} to "
            f"{self.stages[-1].told!r}; first losses and K(0) are of the state after them"
        )

    def told_mirror(self) -> str | None:
        """The symmetry of the network in words; None without one."""
        return None if self.mirror is None else f"by symmetry one half was trained: {self.mirror}"

    def trained(self, problem: Problem) -> Problem:
        """The problem that was trained for this one: itself, or one half."""
        return problem if self.mirror is None else halved(problem, self.mirror)

    def to_pandas(self) -> Any:
        """One row per step: clock, loss, its parts by group; ``attrs["summary"]`` is :meth:`summary`."""
        parts = {f"loss_{name}": curve for name, curve in self.group_losses.items()}
        return frame({self.clock: self.times, "loss": self.losses, **parts}, summary=self.summary())

    @property
    def loss(self) -> float:
        """The last loss."""
        return float(self.losses[-1])

    @property
    def error(self) -> float | None:
        """The last relative L² error, None where no solution is known."""
        return float(self.errors[-1, 1]) if len(self.errors) else None

    @property
    def worst_group(self) -> str:
        """The group with the largest part of the last loss."""
        return max(self.group_losses, key=lambda name: float(self.group_losses[name][-1]))

    def training_rms(self) -> dict[str, float]:
        """√mean R_g² at the training points at the end, by group."""
        losses = {name: float(curve[-1]) for name, curve in self.group_losses.items()}
        sizes = {name: len(array) for name, array in self.points.items()}
        return rms_of_losses(losses, self.group_weights, sizes)

    def evaluate(self, points: ArrayLike, slots: Iterable[Slot]) -> Floats:
        """Fields and derivatives of the trained network, (slots, n)."""
        return jets(self.network, self.parameters, points, slots)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the trained network, see :func:`ntk_theory.model.network_file.save`."""
        save(path, self.network, self.parameters)

    def summary(self) -> dict[str, Any]:
        """JSON-like numbers of the run."""
        drift = self.drift
        moved = None
        if drift is not None:
            moved = {
                block: {"absolute": drift.sup(block), "relative": drift.sup_relative(block)}
                for block in drift.absolute
            }
        return {
            "method": self.method,
            "steps": len(self.times) - 1,
            "time": float(self.times[-1]),
            "loss": self.loss,
            "group_losses": {name: float(curve[-1]) for name, curve in self.group_losses.items()},
            "error": self.error,
            "drift": moved,
            "parameter_shift": float(self.assumptions.parameter_shift.max()),
            "parameter_sup": float(self.assumptions.parameter_sup.max()),
            "gradient_sup": {k: float(v.max()) for k, v in self.assumptions.gradient_sup.items()},
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "reason": self.reason,
            "training_residuals": self.training_rms(),
            "fresh_residuals": {name: _finite(column[-1]) for name, column in self.fresh_residuals.items()},
            "scale": None if self.scale is None else asdict(self.scale),
            "contradictions": list(self.contradictions),
            "error_estimate": None if self.estimate is None else _numbers(self.estimate),
            **({"unknowns": {one.name: one.record() for one in self.identified}} if self.identified else {}),
            **(
                {"unknown_fields": {one.name: one.record() for one in self.identified_fields}}
                if self.identified_fields
                else {}
            ),
            **({"start_losses": list(self.start_losses)} if self.start_losses else {}),
            **({"mirror": str(self.mirror)} if self.mirror is not None else {}),
            **({"stages": [asdict(stage) for stage in self.stages]} if self.stages else {}),
        }


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return float(value) if math.isfinite(value) else None


def _numbers(estimate: Estimate) -> dict[str, Any]:
    return {name: _finite(n) if isinstance(n, float) else n for name, n in asdict(estimate).items()}
