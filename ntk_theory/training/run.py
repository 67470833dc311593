"""The loop that every method runs in: records, stopping rules, checkpoints, faults."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import NoReturn

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import Interrupted, NonFiniteError, TrainingError
from ntk_theory.interrupts import unstopped
from ntk_theory.model.network_file import network_record
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.corners import contradictions
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.adaptive import adapted_points, grown
from ntk_theory.training.checkpoint import Checkpoint, digest, read, write
from ntk_theory.training.defaults import thinned
from ntk_theory.training.drift import Monitor
from ntk_theory.training.evidence import Estimate, Fresh, of_both
from ntk_theory.training.methods.method import Method, State
from ntk_theory.training.objective import Objective
from ntk_theory.training.solution import TestGrid
from ntk_theory.training.stopping import SLOW, TOLERANCE, Pace, Resample, Until
from ntk_theory.training.trajectory import Trajectory

#: How the reason begins where a small loss ends a run; beside the seed of the look that it calls for.
SMALL, LAST = "the loss is at most", 1
#: Called after every step with the state and the losses by group.
Progress = Callable[[State, Mapping[str, float]], None]


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run but stopping rules and objective; ``whole``: whose half is trained."""

    problem: Problem
    points: Mapping[str, Floats]
    method: Method
    until: Until
    weighting: str | Mapping[str, float]
    kernels: bool
    resample: Resample | None
    reweigh: int | None
    seed: int
    kernel_points: int | None = None
    evidence: bool = True
    whole: Problem | None = None

    def key(self, objective: Objective) -> str:
        """A digest of the run; a longer run with the same key may go on from its checkpoint."""
        rows = objective.residuals.rows
        parts: dict[str, object] = {
            "network": network_record(objective.network),
            "method": self.method,
            "groups": [(g.name, g.size) for g in rows.groups],
            "operators": [(leg.group, leg.operator.program) for leg in rows.legs],
            "targets": [group.target_program for group in rows.problem.groups],
            "points": rows.points,
            "weights": objective.weights,
            "kernels": (self.kernels, self.kernel_points),
            "resample": self.resample,
            "reweigh": self.reweigh,
            "initial": objective.template.flatten(),
            "rates": objective.template.rates,
        }
        if objective.scale is not None:
            parts["scale"] = objective.scale
        if any(group.data is not None for group in rows.problem.groups):
            parts["data"] = (rows.targets.tobytes(), rows.precision.tobytes())
        return digest(parts)


class Run:
    """The loop; what it collects are columns of numbers."""

    def __init__(
        self,
        plan: Plan,
        objective: Objective,
        grid: TestGrid | None,
        progress: Progress | None,
        checkpoint: str | PathLike[str] | None,
        every: int,
    ) -> None:
        self.plan, self.objective, self.grid, self.progress = plan, objective, grid, progress
        self.path, self.every = checkpoint, every
        self.key = plan.key(objective)
        self.initial = objective.template.flatten()
        self.points = plan.points
        self.monitor = Monitor(self._watched(), self.initial, kernel=plan.kernels)
        self.columns: dict[str, list[float]] = {"time": [], "loss": []}
        self.errors: list[tuple[float, float]] = []
        self.fresh: Fresh | None = None
        if plan.evidence:
            counts = {name: len(array) for name, array in plan.points.items()}
            self.fresh = Fresh.beside(plan.problem, objective.network, counts, plan.seed)
        self.whole: Fresh | None = None
        if plan.evidence and plan.whole is not None:
            self.whole = Fresh.beside(plan.whole, objective.network, {}, plan.seed)
        self.unseen: list[tuple[float, ...]] = []  # clock and fresh residuals by group, at every record
        self.loss_counts = True  # until it is small and the error is not
        self.moved = 0  # the step before which points last moved to where residuals are large
        self.started, self.started_cpu = time.perf_counter(), time.process_time()
        self.pace = Pace(self.started)

    def _watched(self) -> Objective:
        """The objective whose kernel is followed: at all points, or at the first of every group."""
        plan, objective = self.plan, self.objective
        if plan.kernel_points is None or plan.kernel_points >= objective.size:
            return objective
        few = thinned(plan.points, plan.kernel_points)
        return Objective.of(plan.problem, objective.network, objective.template, few, objective.group_weights)

    def go(self) -> Trajectory:
        """Run to the end."""
        state = self._resumed() or self._fresh()
        state, reason = self._looked(state, self._stop(state))
        try:
            while reason is None:
                try:
                    state = self._step(state)
                except (TrainingError, NonFiniteError) as fault:
                    self._fail(state, fault)
                state, reason = self._looked(state, self._stop(state))
            if self.monitor.columns["time"][-1] != state.time:
                self._record(state)
        except KeyboardInterrupt:
            with unstopped():
                self._interrupt(state)
        self._save(state)
        return self._trajectory(state, reason, self._estimate(state))

    def _estimate(self, state: State) -> Estimate | None:
        parameters = self.objective.parameters(state.vector)
        found = None if self.fresh is None else self.fresh.estimate(parameters)
        return found if self.whole is None else of_both(found, self.whole.estimate(parameters))

    def _fresh(self) -> State:
        method = self.plan.method
        try:
            state = method.begin(self.objective, self.initial)
        except (TrainingError, NonFiniteError) as fault:
            raise TrainingError(
                f"{method.name} stopped before its first step: {fault} (nothing was trained)"
            ) from fault
        self._note(state)
        self._record(state)
        return state

    def _step(self, state: State) -> State:
        state = self._renewed(state)  # which may change the objective
        state = self.plan.method.advance(self.objective, state)
        self._note(state)
        if self._is_record(state):
            self._record(state)
        if self.path is not None and state.step % self.every == 0:
            self._save(state)
        if self.progress is not None:
            self.progress(state, self.objective.group_losses(state.values))
        self.pace.ended(time.perf_counter())
        return state

    def _renewed(self, state: State) -> State:
        """New points or weights where this step asks for them; R then belongs to the new ones."""
        plan, step = self.plan, state.step
        points = plan.resample is not None and plan.resample.is_due(step)
        weights = plan.reweigh is not None and step and step % plan.reweigh == 0
        if not (points or weights):
            return state
        before = self.objective
        self._rebuild(state)
        return state if self.objective is before else plan.method.renewed(self.objective, state)

    def _looked(self, state: State, reason: str | None) -> tuple[State, str | None]:
        """A loss that is small at few points ends no run that may look between them, nor a wrong one."""
        resample = self.plan.resample
        if reason is None or not reason.startswith(SMALL):
            return state, reason
        if resample is not None and resample.adaptive:
            counts = {name: len(array) for name, array in self.points.items()}
            if self._adapt(state, counts, [resample.seed, LAST, state.step]):
                return self.plan.method.renewed(self.objective, state), None
        if self._is_sensitive(state):
            self.loss_counts = False
            reason = self._stop(state)
        return state, reason

    def _is_sensitive(self, state: State) -> bool:
        """Is the error large where the method's own rule says that the loss is small enough?"""
        plan = self.plan
        if plan.until.loss != plan.method.facts.until.loss:  # the user's own
            return False
        found = self._estimate(state)
        return found is not None and TOLERANCE < found.error < math.inf and not found.null

    def _adapt(self, state: State, counts: Mapping[str, int], seeds: list[int]) -> bool:
        """Move the points to where residuals are large; do they gain by it?"""
        seed = _seed(seeds)
        found = adapted_points(self.objective, self.plan.problem, state, counts, seed)
        if found is None:
            return False
        (self.points, emphasis), self.moved = found, state.step
        self._renew(emphasis)
        return True

    def _rebuild(self, state: State) -> None:
        """The objective as it is at this step: points by the number of the draw, weights at θ."""
        resample = self.plan.resample
        if resample is not None and resample.draws(state.step):
            counts = {name: len(array) for name, array in self.plan.points.items()}
            seeds = [resample.seed, resample.draws(state.step)]
            if not resample.adaptive:
                self.points = draw_points(self.plan.problem, counts, _seed(seeds))
                self._renew(None)
            elif resample.is_due(state.step):
                wanted = grown(self.plan.problem, counts, self.points) if resample.grows else counts
                self._adapt(state, wanted, seeds)
        if self.plan.reweigh is not None:
            weights = self.objective.kernel(state.vector).trace_ratio_weights()
            self.objective = replace(self.objective, group_weights=weights)

    def _renew(self, emphasis: Floats | None) -> None:
        """The objective at the points as they are; weights that need the kernel stay those of the start."""
        plan, before = self.plan, self.objective
        fixed = plan.weighting if plan.reweigh is None and before.scale is None else before.group_weights
        given = (before.network, before.template, self.points, fixed, emphasis)
        self.objective = Objective.of(plan.problem, *given, scale=before.scale)

    def _note(self, state: State) -> None:
        losses = self.objective.group_losses(state.values)
        row = {"time": state.time, "loss": self.objective.loss(state.values)}
        row |= {f"group/{name}": value for name, value in losses.items()}
        for name, value in row.items():
            self.columns.setdefault(name, []).append(value)

    def _is_record(self, state: State) -> bool:
        horizon = self.plan.method.horizon
        if horizon is not None:
            mark = horizon.end / horizon.records
            passed = int(state.time / mark + 1e-9)  # a step may end on the mark but for rounding
            return passed > int(self.monitor.columns["time"][-1] / mark + 1e-9)
        # Four per octave: 1 … 8, 10, 12, 14, 16, 20, …
        return state.step % (1 << max(0, state.step.bit_length() - 3)) == 0

    def _record(self, state: State) -> None:
        self.monitor.record(state)
        if self.grid is not None:
            parameters = self.objective.parameters(state.vector)
            value = self.grid.error(self.plan.problem, self.objective.network, parameters)
            self.errors.append((state.time, value))
        if self.fresh is not None:
            seen = self.fresh.rms(self.objective.parameters(state.vector))
            self.unseen.append((state.time, *seen.values()))

    def _stop(self, state: State) -> str | None:
        until, losses = self.plan.until, self.columns["loss"]
        if self.loss_counts and until.loss is not None and losses[-1] <= until.loss:
            return f"{SMALL} {until.loss:g}"
        if until.error is not None and self.errors and self.errors[-1][1] <= until.error:
            return f"the relative error is at most {until.error:g}"
        natural = self.plan.method.ended(state)
        if natural is not None:
            return natural
        if until.steps is not None and state.step >= until.steps:
            return f"{until.steps} steps"
        back = until.patience
        if back is not None and state.step - self.moved > back and losses[-1] > 0.9 * losses[-1 - back]:
            return f"{SLOW} in {back} steps"
        spent = time.perf_counter() - self.started + self.pace.seconds
        if until.seconds is not None and spent > until.seconds:
            return f"{until.seconds:g} seconds"
        if until.cpu is not None and time.process_time() - self.started_cpu > until.cpu:
            return f"{until.cpu:g} seconds of the processor"
        return None

    def _interrupt(self, state: State) -> NoReturn:
        """Ctrl-C: keep the last whole step, whatever part of the next one has been noted."""
        for column in self.columns.values():
            del column[state.step + 1 :]
        known = sum(time <= state.time for time in self.monitor.columns["time"])
        known = min([known, *map(len, self.monitor.columns.values())])  # a record may be cut in two
        for column in self.monitor.columns.values():
            del column[known:]
        self.errors = [row for row in self.errors if row[0] <= state.time]
        self.unseen = [row for row in self.unseen if row[0] <= state.time]
        self._save(state)
        kept = "no checkpoint was asked for"
        if self.path is not None:
            kept = f"the same call goes on from {self.path}"
        message = f"{self.plan.method.name} was interrupted at step {state.step}; {kept}"
        raise Interrupted(message, self._trajectory(state, "interrupted"))

    def _fail(self, state: State, fault: Exception) -> NoReturn:
        if self.path is not None:
            self._save(state)
        kept = "no checkpoint was asked for"
        if self.path is not None:
            kept = f"the last good state is in {self.path}"
        name, why = self.plan.method.name, str(fault)
        if isinstance(fault, NonFiniteError):
            why += f"; or take {self.plan.method.facts.smaller}"
        if "group" not in why:
            why += f"; most of the loss is in group {self.objective.worst_group(state.values)!r}"
        message = f"{name} stopped at step {state.step}: {why} ({kept})"
        raise TrainingError(message, self._trajectory(state, "fault")) from fault

    def _save(self, state: State) -> None:
        if self.path is None:
            return
        curves = {name: np.array(column) for name, column in self.columns.items()}
        curves |= {f"monitor:{name}": np.array(column) for name, column in self.monitor.columns.items()}
        curves["errors"] = np.array(self.errors).reshape(-1, 2)
        curves["fresh"] = self._unseen()
        curves |= {f"weight:{name}": np.array(w) for name, w in self.objective.group_weights.items()}
        if self.objective.emphasis is not None:
            curves |= {"emphasis": self.objective.emphasis}
            curves |= {f"point:{name}": array for name, array in self.points.items()}
        curves["moved"] = np.array([float(self.moved)])
        curves["loss_counts"] = np.array([float(self.loss_counts)])
        write(self.path, self.key, Checkpoint(state, self.initial, curves))

    def _resumed(self) -> State | None:
        if self.path is None or not Path(self.path).exists():
            return None
        found = read(self.path, self.key)
        curves = dict(found.curves)
        self.errors = [(float(t), float(e)) for t, e in curves.pop("errors")]
        # A checkpoint from before fresh residuals were recorded has none.
        self.unseen = [tuple(map(float, row)) for row in curves.pop("fresh", ())]
        names = [name for name in curves if name.startswith("weight:")]
        weights = {name.removeprefix("weight:"): float(curves.pop(name)) for name in names}
        emphasis = curves.pop("emphasis", None)
        moved = curves.pop("moved", None)
        counts = curves.pop("loss_counts", None)
        names = [name for name in curves if name.startswith("point:")]
        adapted = {name.removeprefix("point:"): curves.pop(name) for name in names}
        for name, column in curves.items():
            target = self.monitor.columns if name.startswith("monitor:") else self.columns
            target[name.removeprefix("monitor:")] = column.tolist()
        if self.plan.resample is not None or self.plan.reweigh is not None:
            if adapted:  # they follow from a state that is gone
                self.points = adapted
                self._renew(emphasis)
            elif self.plan.resample is None or not self.plan.resample.adaptive:
                self._rebuild(replace(found.state, step=found.state.step - 1))
            self.objective = replace(self.objective, group_weights=weights)
        self.moved = 0 if moved is None else int(moved[0])
        self.loss_counts = counts is None or bool(counts[0])
        return found.state

    def _unseen(self) -> Floats:
        groups = 0 if self.fresh is None else len(self.plan.points)
        return np.array(self.unseen, dtype=np.float64).reshape(-1, 1 + groups)

    def _trajectory(self, state: State, reason: str, estimate: Estimate | None = None) -> Trajectory:
        unseen = self._unseen()
        columns = {name: np.array(column) for name, column in self.columns.items()}
        objective = self.objective
        return Trajectory(
            method=self.plan.method.name,
            network=objective.network,
            initial=objective.template,
            parameters=objective.parameters(state.vector),
            points=self.points,
            group_weights=dict(objective.group_weights),
            times=columns["time"],
            losses=columns["loss"],
            group_losses={
                n.removeprefix("group/"): column for n, column in columns.items() if n.startswith("group/")
            },
            drift=self.monitor.drift(),
            assumptions=self.monitor.assumptions(),
            errors=np.array(self.errors).reshape(-1, 2),
            evaluations=state.evaluations,
            seconds=time.perf_counter() - self.started,
            reason=reason,
            clock=self.plan.method.facts.clock,
            fresh_times=unseen[:, 0],
            fresh_residuals=dict(zip(self._groups(), unseen[:, 1:].T, strict=True)),
            estimate=estimate,
            scale=objective.scale,
            contradictions=tuple(map(str, contradictions(self.plan.problem))),
        )

    def _groups(self) -> list[str]:
        """The groups that fresh residuals are recorded of, in their order."""
        return [] if self.fresh is None else [group.name for group in self.fresh.residuals.rows.groups]


def _seed(seeds: list[int]) -> int:
    """One seed that belongs to several numbers."""
    return int(np.random.SeedSequence(seeds).generate_state(1)[0])
