"""The way to a hard problem: windows of time first, then values of coefficients, within one budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.continuation import StageEnd, share, stages
from ntk_theory.training.methods.method import Method
from ntk_theory.training.stopping import Until
from ntk_theory.training.trajectory import Trajectory
from ntk_theory.training.verdict import Ending, judge
from ntk_theory.training.window_count import has_windows, leaves_free
from ntk_theory.training.windows import march

#: The loss at which the whole says what its windows do: theirs are no better known.
AS_THE_WINDOWS = 1e-14
#: Trains a network on a problem: the problem, the network, where it starts, the rules, sizes of the outputs.
Solve = Callable[[Problem, Network, Parameters | None, Until, Mapping[str, float] | None], Trajectory]


def asks_again(problem: Problem, method: Method, rules: Until, run: Trajectory) -> bool:
    """Does a run that its user left to itself fail where windows may help?"""
    if not leaves_free(method, rules) or not has_windows(problem):
        return False
    return judge(run).ending in (Ending.STALLED, Ending.OVERFITTED)


def is_better(first: Trajectory, second: Trajectory) -> bool:
    """Is the error estimate of the first run the smaller one?"""
    if first.estimate is None or second.estimate is None:
        return False
    return first.estimate.error < second.estimate.error


@dataclass
class Way:
    """Where the network is, and what is left of the budget."""

    parameters: Parameters | None
    rules: Until
    sizes: Mapping[str, float] | None = None
    ends: list[StageEnd] = field(default_factory=list)

    def go(
        self,
        problem: Problem,
        network: Network,
        windows: int,
        continuation: Mapping[str, float | str],
        solve: Solve,
        solve_window: Solve,
    ) -> None:
        """Bring the network to where the problem itself can be trained.

        ``solve`` goes on with the coefficients, ``solve_window`` with the windows.
        """
        way = stages(problem, continuation)
        if windows > 1:
            self._windows(way[0].problem if way else problem, network, windows, solve_window)
        rules = self.rules
        for stage in way:
            self._step(stage.told, stage.problem, network, share(rules, len(way)), solve)

    def _windows(self, problem: Problem, network: Network, windows: int, solve: Solve) -> None:
        began, processor = time.perf_counter(), time.process_time()
        marched = march(
            problem, network, windows, lambda one, own, until: solve(one, own, None, until, None), self.rules
        )
        self.ends += marched.ends
        self._used(time.perf_counter() - began, time.process_time() - processor)
        if marched.sizes:
            self.sizes = marched.sizes
            rules = replace(share(self.rules, 1), loss=AS_THE_WINDOWS)
            self._step("the whole with the windows' values", marched.problem, network, rules, solve)

    def _step(self, told: str, problem: Problem, network: Network, rules: Until, solve: Solve) -> None:
        processor = time.process_time()
        run = solve(problem, network, self.parameters, rules, self.sizes)
        self.parameters = run.parameters
        self.ended(told, run, time.process_time() - processor)

    def ended(self, told: str, run: Trajectory, cpu: float) -> None:
        """Note how a stage ended, and take its time from the budget."""
        self.ends.append(StageEnd(told, len(run.times) - 1, run.loss, run.seconds, run.reason))
        self._used(run.seconds, cpu)

    def _used(self, seconds: float, cpu: float) -> None:
        """Steps are a stage's own; time is of the whole run."""
        tiny = float(np.finfo(np.float64).tiny)
        rules = self.rules
        self.rules = replace(
            rules,
            seconds=None if rules.seconds is None else max(rules.seconds - seconds, tiny),
            cpu=None if rules.cpu is None else max(rules.cpu - cpu, tiny),
        )
