"""What moves during training: the kernel, the parameters, the operator's derivatives (THEORY §5, §7).

For named blocks g, h and the whole kernel ("all"), at every record time t,

    absolute drift ‖K^{gh}(t) − K^{gh}(0)‖_F,     relative drift the same over ‖K^{gh}(0)‖_F,

and for "all" the spectral norm ‖K(t) − K(0)‖₂ of Theorem 2.3 [ZY] besides. Its assumptions along the way:
(i) sup_t ‖θ(t)‖_∞ ≤ C, reported next to ‖θ(t) − θ(0)‖_∞ and in units of √(2 ln P), which Gaussian
weights reach at the start [D]; (ii) sup_t max |F_α| ≤ C per group.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.model.blocks import UNIONS, Kernel
from ntk_theory.training.methods.method import State
from ntk_theory.training.objective import Objective

#: The block that is the whole kernel.
WHOLE = "all"


@dataclass(frozen=True, eq=False)
class Drift:
    """How far the kernel has moved, at the record times.

    Attributes
    ----------
    times:
        (k,), in the method's clock; the first is the start.
    norms:
        ‖K^{gh}(0)‖_F by block, "g,h" in the kernel's order, unions "b" and "f" included, and "all".
    absolute:
        ‖K^{gh}(t) − K^{gh}(0)‖_F by block, (k,).
    spectral:
        ‖K(t) − K(0)‖₂, (k,).
    """

    times: Floats
    norms: Mapping[str, float]
    absolute: Mapping[str, Floats]
    spectral: Floats

    def sup(self, block: str = WHOLE) -> float:
        """sup_t of the absolute drift of a block over the record times."""
        return float(self.absolute[block].max())

    def relative(self, block: str = WHOLE) -> Floats:
        """The relative drift of a block, (k,); infinite where K(0) = 0 and K moved."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.absolute[block] / self.norms[block]
        return np.where(self.absolute[block] == 0, 0.0, ratio)

    def principal_blocks(self, most: int = 6) -> tuple[str, ...]:
        """Blocks of the unions b and f, else the diagonal ones; the whole kernel last; at most ``most``."""
        names = [name for name in self.absolute if name != WHOLE]
        unions = sorted(name for name in names if set(name.split(",")) <= {"b", "f"})
        own = [name for name in names if len(set(name.split(","))) == 1]
        return (*(unions or own)[: most - 1], WHOLE)

    def sup_relative(self, block: str = WHOLE) -> float:
        """sup_t of the relative drift of a block."""
        return float(self.relative(block).max())


@dataclass(frozen=True, eq=False)
class Assumptions:
    """The two assumptions of Theorem 2.3 along training, at the record times.

    Attributes
    ----------
    times:
        (k,).
    size:
        P, the number of parameters.
    parameter_sup, parameter_shift:
        ‖θ(t)‖_∞ and ‖θ(t) − θ(0)‖_∞, (k,).
    gradient_sup:
        max |F_α| by group, (k,).
    """

    times: Floats
    size: int
    parameter_sup: Floats
    parameter_shift: Floats
    gradient_sup: Mapping[str, Floats]

    @property
    def parameter_sup_relative(self) -> Floats:
        """‖θ(t)‖_∞ / √(2 ln P), (k,)."""
        return np.asarray(self.parameter_sup / math.sqrt(2 * math.log(max(self.size, 2))))

    def violations(self, parameter_bound: float = 2.0, gradient_bound: float = 1e3) -> dict[str, float]:
        """Which assumption failed and when first.

        "(i)" where ‖θ‖_∞/√(2 ln P) exceeds ``parameter_bound``; "(ii) g" where max |F_α| of group g exceeds
        ``gradient_bound``. A finite run cannot prove a bound that is uniform in N; these are the
        run's own numbers against bounds that the caller fixes beforehand.
        """
        found = {}
        curves = {"(i)": (self.parameter_sup_relative, parameter_bound)}
        curves |= {f"(ii) {name}": (curve, gradient_bound) for name, curve in self.gradient_sup.items()}
        for name, (curve, bound) in curves.items():
            above = np.flatnonzero(~(curve <= bound))
            if len(above):
                found[name] = float(self.times[above[0]])
        return found


class Monitor:
    """Collects drift and assumptions; what it holds goes into checkpoints as plain arrays."""

    def __init__(self, objective: Objective, initial: Floats, *, kernel: bool) -> None:
        self._objective, self._initial = objective, initial
        self._first = objective.kernel(initial) if kernel else None
        self.columns: dict[str, list[float]] = {}

    def record(self, state: State) -> None:
        """Add one record time."""
        theta = state.vector
        row = {
            "time": state.time,
            "parameter_sup": float(np.abs(theta).max()),
            "parameter_shift": float(np.abs(theta - self._initial).max()),
        }
        for name, value in self._objective.gradient_sup(theta).items():
            row[f"gradient/{name}"] = value
        if self._first is not None:
            row |= self._moved(theta)
        for name, value in row.items():
            self.columns.setdefault(name, []).append(value)

    def _moved(self, theta: Floats) -> dict[str, float]:
        assert self._first is not None
        now = self._objective.kernel(theta)
        change = now.matrix - self._first.matrix
        moved = Kernel(change, now.groups)
        row = {f"drift/{key}": value for key, value in block_norms(moved).items()}
        row["spectral"] = float(np.abs(np.linalg.eigvalsh(change)).max())  # symmetric: no SVD
        return row

    def drift(self) -> Drift | None:
        """The kernel's drift, if kernels were recorded."""
        if self._first is None or not self.columns:
            return None
        absolute = {
            name.removeprefix("drift/"): np.array(column)
            for name, column in self.columns.items()
            if name.startswith("drift/")
        }
        times = np.array(self.columns["time"])
        return Drift(times, block_norms(self._first), absolute, np.array(self.columns["spectral"]))

    def assumptions(self) -> Assumptions:
        """The assumptions' numbers."""
        columns = {name: np.array(column) for name, column in self.columns.items()}
        gradient = {
            name.removeprefix("gradient/"): column
            for name, column in columns.items()
            if name.startswith("gradient/")
        }
        return Assumptions(
            columns["time"],
            len(self._initial),
            columns["parameter_sup"],
            columns["parameter_shift"],
            gradient,
        )


def block_norms(kernel: Kernel) -> dict[str, float]:
    """‖K^{gh}‖_F for every pair of groups, the paper's pairs of "b" and "f", and "all"."""
    letters = [name for name in UNIONS if any(group.kind is UNIONS[name] for group in kernel.groups)]
    norms = {WHOLE: float(np.linalg.norm(kernel.matrix))}
    for names in (list(kernel.names), letters):
        for p, g in enumerate(names):
            for h in names[p:]:
                norms[f"{g},{h}"] = float(np.linalg.norm(kernel[g, h]))
    return norms
