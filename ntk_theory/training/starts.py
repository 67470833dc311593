"""Several starts of one run: the best of them, for losses with more than one minimum.

Unknown coefficients and fields make a linear problem one in products, whose loss has minima of its own: of a
steady diffusion with an unknown a(x) one run in five ends in one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ntk_theory.errors import InputError, TrainingError
from ntk_theory.training.train import train
from ntk_theory.training.trajectory import Trajectory
from ntk_theory.training.verdict import Ending, judge

#: More starts than this are refused: a run takes seconds to minutes.
MOST_STARTS = 100


def train_from_starts(
    problem: Any, *arguments: Any, starts: int, seed: int = 0, **options: Any
) -> Trajectory:
    """The run with the smallest loss out of several, from the seeds ``seed``, ``seed + 1``, …

    None is begun after one that is ``solved``: fresh residuals and an error estimate confirm it, which no
    training loss does (:mod:`ntk_theory.training.verdict`; without ``evidence`` only a known solution).

    Parameters
    ----------
    problem, arguments, options:
        As for :func:`~ntk_theory.training.train.train`; parameters and points are left to the seeds, or
        every start is the same.
    starts:
        How many at most.
    seed:
        Of the first.

    Returns
    -------
    Trajectory
        The confirmed one, else the best, with ``start_losses``: the last loss of every start that came to an
        end.

    Raises
    ------
    InputError
        The number of starts is not one, or a checkpoint is asked for: it is of one run.
    TrainingError
        No start came to an end; that of the first.
    """
    if isinstance(starts, bool) or not isinstance(starts, int) or not 1 <= starts <= MOST_STARTS:
        raise InputError(f"starts is {starts!r}; it needs a number from 1 to {MOST_STARTS}")
    if starts > 1 and options.get("checkpoint") is not None:
        raise InputError(
            f"starts is {starts} beside a checkpoint, which is of one run; leave out one of them"
        )
    best: Trajectory | None = None
    losses: list[float] = []
    failure: TrainingError | None = None
    for k in range(starts):
        try:
            run = train(problem, *arguments, seed=seed + k, **options)
        except TrainingError as error:
            failure = failure or error
            continue
        losses.append(run.loss)
        if judge(run).ending is Ending.SOLVED:
            best = run
            break
        if best is None or run.loss < best.loss:
            best = run
    if best is None:
        assert failure is not None
        raise failure
    return replace(best, start_losses=tuple(losses)) if starts > 1 else best
