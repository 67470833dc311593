"""Cells of a study of training: one network's gradient flow for every s, from the same initial parameters.

Unlike a kernel, a flow is not shared between exponents. With K(t) the kernel at the record times, ‖·‖ the
Frobenius norm and sup over those times, a cell gives

    pair "", s "":   limit_spectral, limit_drift, limit_relative   the same three of the limiting dynamics for
                     s > 1/2 (THEORY §5) [D], from this network's output bias; absent where not defined
    pair "", s:      spectral                sup ‖K(t) − K(0)‖₂, the drift of Theorem 2.3
                     parameter_sup           sup ‖θ(t)‖_∞ / √(2 ln P): assumption (i)
                     parameter_shift         sup ‖θ(t) − θ(0)‖_∞
                     gradient_start:<g>, gradient_sup:<g>, gradient_time:<g>
                                             max |F_α| of group g at the start, its sup, and when that was
                                             reached: assumption (ii)
                     loss_start, loss_end
    pair, s:         size ‖K^{gh}(0)‖, drift sup ‖K^{gh}(t) − K^{gh}(0)‖, relative, their quotient;
                     the pair "all" is the whole kernel

A flow that stops before its end leaves what it says of the assumptions, and a failure with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError, TrainingError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import thread_limit
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.studies.engine.cell import CellResult, Failure, Key, LawResult, init_seed
from ntk_theory.studies.engine.cost import CellCost, one_pass
from ntk_theory.studies.flow.settings import FlowSettings
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Cell, Study
from ntk_theory.symbolic.problem import GroupKind
from ntk_theory.training.drift import WHOLE, Drift
from ntk_theory.training.limiting import constant_dynamics
from ntk_theory.training.methods.flow import STIFF, Flow
from ntk_theory.training.objective import Objective
from ntk_theory.training.stopping import Until
from ntk_theory.training.train import train
from ntk_theory.training.trajectory import Trajectory

#: Relative tolerance by integrator: a drift is known to a part in a thousand, far below its spread.
TOLERANCES = {"rk45": 1e-5, "etd2rk": 1e-3}
#: Steps after which a flow counts as one that does not reach its end.
MAX_STEPS = 600
#: Copies of all parameters that a flow's integrator holds.
FLOW_VECTORS = 24


@dataclass(frozen=True, eq=False)
class FlowContext:
    """What the cells of one case and activation share; it travels to the workers."""

    case: Case
    activation: str
    s: tuple[Fraction, ...]
    depth: int
    output_bias: str
    seed: int
    settings: FlowSettings

    @classmethod
    def of(cls, study: Study, case: Case, activation: str, law: LawResult | None = None) -> FlowContext:
        """The context of a case and activation of a study of training, which asks for no law."""
        settings = flow_settings(study)
        return cls(case, activation, study.s, study.depth, study.output_bias, study.seed, settings)

    @property
    def bias(self) -> OutputBias:
        """The table line of the output bias."""
        return OutputBias.of(self.output_bias)

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """The watched blocks: the paper's, and the whole kernel."""
        kinds = {group.kind for group in self.case.problem.groups}
        letters = [
            name for name, kind in (("b", GroupKind.VALUE), ("f", GroupKind.EQUATION)) if kind in kinds
        ]
        return (WHOLE, *(f"{g},{h}" for k, g in enumerate(letters) for h in letters[k:]))

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The layout: every value that a cell of this case can have, in a fixed order."""
        keys = [Key("", "", f"limit_{name}") for name in ("spectral", "drift", "relative")]
        groups = [group.name for group in self.case.problem.groups]
        for s in map(str, self.s):
            plain = ["spectral", "parameter_sup", "parameter_shift", "loss_start", "loss_end"]
            plain += [f"gradient_{what}:{g}" for g in groups for what in ("start", "sup", "time")]
            keys += [Key("", s, name) for name in plain]
            keys += [Key(block, s, q) for block in self.blocks for q in ("size", "drift", "relative")]
        return tuple(keys)

    @cached_property
    def positions(self) -> Mapping[Key, int]:
        """Where each key stands in the layout."""
        return {key: k for k, key in enumerate(self.keys)}

    def network(self, width: int, s: Fraction | str) -> Network:
        """The network of a cell at one s."""
        p = self.case.problem
        return Network(
            p.variables, p.fields, width=width, depth=self.depth, s=s, activation=self.activation,
            output_bias=self.output_bias,
        )  # fmt: skip

    def limiting_drift(self, bias: Floats) -> Drift:
        """The drift of the limiting dynamics for s > 1/2 from an output bias (m,).

        Raises
        ------
        NTKTheoryError
            It is not defined: F or F_0 has no value at constants.
        """
        return constant_dynamics(self.case.problem, self.case.points, self.settings.until, start=bias).drift

    @cached_property
    def limit_from_start(self) -> tuple[Drift | None, str]:
        """:meth:`limiting_drift` from where c starts (a random c: from 0), or why there is none."""
        start = np.full(len(self.case.problem.fields), float(self.bias.start or 0))
        try:
            return self.limiting_drift(start), ""
        except NTKTheoryError as error:
            return None, str(error)

    def compute(self, width: int, seed: int) -> CellResult:
        """All quantities of one network. Pure: the same arguments give the same bits."""
        start = time.perf_counter()
        made = _FlowCell(self, width, seed)
        with thread_limit(1):  # the last bits depend on the number of threads
            made.fill()
        present = np.flatnonzero(np.isfinite(made.values))
        return CellResult(
            made.cell, present.astype(np.int32), made.values[present], tuple(made.failures),
            time.perf_counter() - start,
        )  # fmt: skip


class _FlowCell:
    """The work of one cell; ``values`` follow the layout, NaN where there is none yet."""

    def __init__(self, context: FlowContext, width: int, seed: int) -> None:
        self.context, self.width, self.seed = context, width, seed
        self.cell = Cell(context.case.label, context.activation, width, seed)
        self.values = np.full(len(context.keys), np.nan)
        self.failures: list[Failure] = []

    def put(self, pair: str, s: str, quantity: str, value: float) -> None:
        self.values[self.context.positions[Key(pair, s, quantity)]] = value
        if not np.isfinite(value):
            self.fail(s, f"{quantity}{' of K_' + pair if pair else ''} is {value}", pair)

    def fail(self, s: str, message: str, pair: str = "") -> None:
        self.failures.append(Failure(self.cell, pair, s, message))

    def fill(self) -> None:
        c = self.context
        try:
            # θ at the start does not depend on s
            parameters = c.network(self.width, "1/2").init(init_seed(c.seed, self.width, self.seed))
        except NTKTheoryError as error:
            return self.fail("", str(error))
        self._limit(parameters)
        for s in c.s:
            try:
                run = self._flow(s, parameters)
                self._drift(str(s), run)
            except TrainingError as error:
                if isinstance(error.trajectory, Trajectory):
                    self._assumptions(str(s), error.trajectory)
                self.fail(str(s), str(error))
            except NTKTheoryError as error:
                self.fail(str(s), str(error))

    def _limit(self, parameters: Parameters) -> None:
        """Of the limiting dynamics; without a trained output bias its kernel is 0 and stays."""
        c = self.context
        if c.settings.clock == "kernel":  # there the bias moves infinitely fast
            return
        drift = c.limit_from_start[0]
        if drift is not None and c.bias.is_random:
            assert parameters.output_bias is not None
            try:
                drift = c.limiting_drift(parameters.output_bias)
            except NTKTheoryError:
                drift = None
        if drift is None:
            return
        still = not c.bias.is_trained
        relative = drift.sup_relative()
        for name, value in (
            ("spectral", float(drift.spectral.max())), ("drift", drift.sup()), ("relative", relative),
        ):  # fmt: skip
            if np.isfinite(value):
                self.put("", "", f"limit_{name}", 0.0 if still else value)

    def _flow(self, s: Fraction, parameters: Parameters) -> Trajectory:
        c, network = self.context, self.context.network(self.width, s)
        parameters = parameters.for_s(s)
        clock = c.settings.clock
        objective = Objective.of(c.case.problem, network, parameters, c.case.points)
        speed = 1.0 if clock == "raw" else network.epsilon**-2
        rate = objective.largest_eigenvalue(parameters.flatten())
        integrator = "etd2rk" if speed * rate * c.settings.until > STIFF else "rk45"
        flow = Flow(
            c.settings.until, "etd2rk" if integrator == "etd2rk" else "rk45",
            tolerance=TOLERANCES[integrator], clock=clock, records=c.settings.records,
        )  # fmt: skip
        run = train(
            c.case.problem, network, parameters, c.case.points,
            method=flow, until=Until(steps=MAX_STEPS), error=False, evidence=False, drift=True,
        )  # fmt: skip
        if run.times[-1] < c.settings.until:
            raise TrainingError(
                f"the flow is at t = {run.times[-1]:.4g} of {c.settings.until:g} after {MAX_STEPS} steps of "
                f"{integrator}; ask for a shorter time",
                run,
            )
        return run

    def _drift(self, s: str, run: Trajectory) -> None:
        assert run.drift is not None
        self._assumptions(s, run)
        self.put("", s, "spectral", float(run.drift.spectral.max()))
        self.put("", s, "loss_start", float(run.losses[0]))
        self.put("", s, "loss_end", run.loss)
        for block in self.context.blocks:
            self.put(block, s, "size", run.drift.norms[block])
            self.put(block, s, "drift", run.drift.sup(block))
            self.put(block, s, "relative", run.drift.sup_relative(block))

    def _assumptions(self, s: str, run: Trajectory) -> None:
        seen = run.assumptions
        self.put("", s, "parameter_sup", float(seen.parameter_sup_relative.max()))
        self.put("", s, "parameter_shift", float(seen.parameter_shift.max()))
        for group, curve in seen.gradient_sup.items():
            self.put("", s, f"gradient_start:{group}", float(curve[0]))
            self.put("", s, f"gradient_sup:{group}", float(curve.max()))
            self.put("", s, f"gradient_time:{group}", float(seen.times[int(np.argmax(curve))]))


def flow_settings(study: Study) -> FlowSettings:
    """The settings of a study of training."""
    assert isinstance(study.settings, FlowSettings)
    return study.settings


def cell_cost(study: Study, case: Case, width: int) -> CellCost:
    """The flows of every s, and the integrator's copies of the parameters."""
    one = one_pass(study, case, width)
    return CellCost(flow_seconds(study, case, width), one.bytes + FLOW_VECTORS * one.parameter_bytes)


def flow_seconds(study: Study, case: Case, width: int) -> float:
    """Seconds of one cell (an estimate): more evaluations where ε = N^{1/2−s} makes the kernel large."""
    points = sum(len(array) for array in case.points.values())
    each = 1.5e-3 + 5e-8 * points * width * study.depth**2
    evaluations = sum(60 * max(1.0, float(width) ** (0.5 - float(s))) for s in study.s)
    return float(evaluations * each)


def cell_kernels(study: Study) -> tuple[str, ...]:
    """Which compiled kernels the flows of a study use, the slowest to compile first."""
    if study.depth == 1:
        return "shallow.shallow_contract", "compose.first_layer", "compose.adjoint"
    return "compose.hidden_layer", "compose.first_layer", "compose.adjoint", "gram.contract"
