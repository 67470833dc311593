"""Continuation: a coefficient comes from an easy value to its own, each time from where the network ended.

    stage k of K at   p = p₀ (p₁/p₀)^{k/K}   where both ends have one sign,   else   p₀ + (p₁ − p₀) k/K

for k < K = :data:`VALUES`, all coefficients together, in one network, whose input map and features are those
of the problem asked for. The last stage is that problem itself, so that nothing of its loss, verdict or
estimate is changed by the way there. A stage before it ends at the loss :data:`CLOSE_ENOUGH` (of weights
``scaled``: a relative residual of about its root), where patience ends it, or where its share of the budget
is used up: all of them together have half of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.symbolic.numbers import bind, exact
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.stopping import Until

#: A stage that is not the last is good enough at this loss.
CLOSE_ENOUGH = 1e-7
#: The share of steps and seconds that all stages but the last have together.
SHARE = 0.5
#: Values of a coefficient on its path, beside its own.
VALUES = 4


@dataclass(frozen=True)
class Stage:
    """A problem on the way, and what is said of it: ``nu = 0.1``."""

    told: str
    problem: Problem


@dataclass(frozen=True)
class StageEnd:
    """How a run on the way to a problem ended.

    Attributes
    ----------
    told:
        Of which problem it was: ``t from 0 to 5``, ``nu = 0.1``.
    steps, loss:
        Its steps, and the last loss, in its own weights.
    seconds:
        Of wall time.
    reason:
        Why it stopped.
    """

    told: str
    steps: int
    loss: float
    seconds: float
    reason: str

    def __str__(self) -> str:
        return f"{self.told}: {self.steps} steps, loss {self.loss:.1e}"


def stages(problem: Problem, continuation: Mapping[str, float | str]) -> list[Stage]:
    """The problems before the problem itself.

    Parameters
    ----------
    problem:
        With values for its named coefficients.
    continuation:
        p₀ by the name of a coefficient. All move together.

    Raises
    ------
    InputError
        A name is no coefficient of the problem, or a value no number.

    >>> from ntk_theory import zoo
    >>> [stage.told for stage in stages(zoo("burgers"), {"nu": 1})]
    ['nu = 1', 'nu = 0.562', 'nu = 0.316', 'nu = 0.178']
    """
    begun = _checked(problem, continuation)
    own = {name: float(bind(problem.parameters[name], problem.parameters)) for name in begun}
    found = []
    for k in range(VALUES if begun else 0):
        values = {name: _between(value, own[name], k / VALUES) for name, value in begun.items()}
        told = ", ".join(f"{name} = {value:.3g}" for name, value in values.items())
        found.append(Stage(told, _with_values(problem, values)))
    return found


def share(rules: Until, stages: int) -> Until:
    """The rules of one of so many stages before the last.

    >>> share(Until(steps=400, loss=1e-14, patience=50), 4)
    Until(steps=50, seconds=None, cpu=None, loss=1e-07, error=None, patience=50)
    """
    part = SHARE / stages
    return replace(
        rules,
        steps=None if rules.steps is None else max(1, int(part * rules.steps)),
        seconds=None if rules.seconds is None else part * rules.seconds,
        cpu=None if rules.cpu is None else part * rules.cpu,
        loss=max(CLOSE_ENOUGH, rules.loss or 0.0),
        error=None,
    )


def _checked(problem: Problem, given: Mapping[str, float | str]) -> dict[str, float]:
    for name in given:
        if name not in problem.parameters or name in problem.unknowns:
            known = ", ".join(sorted(set(problem.parameters) - set(problem.unknowns))) or "none"
            raise InputError(f"continuation has {name!r}; it needs coefficients of the problem: {known}")
    return {name: float(exact(value, f"continuation[{name!r}]")) for name, value in given.items()}


def _with_values(problem: Problem, values: Mapping[str, float]) -> Problem:
    """With other coefficients and without a solution, which is that of its own."""
    changed = {**problem.parameters, **{name: sp.Float(value) for name, value in values.items()}}
    made = replace(problem, parameters=changed, solution=None)
    if problem.construction is None:
        return made
    stated = _with_values(problem.construction.stated, values)
    return replace(made, construction=replace(problem.construction, stated=stated))


def _between(first: float, last: float, share: float) -> float:
    """Geometrically where both have one sign, else linearly.

    >>> _between(1.0, 100.0, 0.5), _between(-1.0, 1.0, 0.5)
    (10.0, 0.0)
    """
    if first * last > 0:
        return math.copysign(abs(first) ** (1 - share) * abs(last) ** share, first)
    return first + (last - first) * share
