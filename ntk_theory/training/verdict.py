"""What a run came to: solved or not, why, and what to do.

A run is ``solved`` where the error estimate (:mod:`ntk_theory.training.evidence`) and, if a solution is
known, the error are at most the tolerance, and the fresh residuals agree with the training ones:
at most :data:`AGREE` times as large, or themselves at most the tolerance relative to the equations' size. No
group may be left unmet (:data:`UNMET`): of a problem without a solution a compromise is the best there is.
Data with standard deviations that they are met within are known no better than these: their noise, if larger,
is the tolerance.
No training loss alone makes a run solved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ntk_theory.errors import InputError
from ntk_theory.training.stopping import SLOW, TOLERANCE
from ntk_theory.training.trajectory import Trajectory

#: Fresh residuals above so many times the training ones are no agreement.
AGREE = 10.0
#: Losses of groups further apart than this, while the small one is met, speak of blocks of different size.
APART = 1e6
#: Directions that change no residual speak of the problem where its relative residual is at most this.
MET = 1e-2
#: A relative residual above this, or above twice the data's noise, meets nothing, whatever the estimate.
UNMET = 0.1
#: A first loss below this share of the largest is rounding.
MET_AT_ONCE = 1e-26
#: Below this the residuals themselves are rounding.
ROUNDING = 1e-14


class Ending(StrEnum):
    """How a run ended."""

    SOLVED = "solved"
    OVERFITTED = "overfitted"
    STALLED = "stalled"
    UNDERDETERMINED = "underdetermined"
    INCONSISTENT = "inconsistent"
    UNFINISHED = "unfinished"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RunVerdict:
    """An ending, its reason and the remedy in the options of ``train``."""

    ending: Ending
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.ending}: {self.reason}" + (f" → {self.remedy}" if self.remedy else "")


def judge(run: Trajectory, tolerance: float = TOLERANCE, *, asked: bool = False) -> RunVerdict:
    """The verdict of a run.

    Parameters
    ----------
    run:
        From :func:`~ntk_theory.training.train.train`, with evidence.
    tolerance:
        Relative L² error to reach.
    asked:
        Whether the user gave a budget: a run that it ended, and not patience, is unfinished.

    Raises
    ------
    InputError
        A tolerance that is not positive, or below what double precision resolves.
    """
    if not tolerance > ROUNDING:
        raise InputError(f"tolerance is {tolerance:g}; it needs to be above {ROUNDING:g}, the rounding")
    if not math.isfinite(run.loss):
        return RunVerdict(Ending.DIVERGED, "the loss is not finite", "take a smaller --rate")
    if run.contradictions:
        return RunVerdict(
            Ending.INCONSISTENT,
            "conditions contradict each other: " + "; ".join(run.contradictions),
            "state data that agree where their faces meet, or bring one to the other over a short way",
        )
    found = run.estimate
    if found is None:
        return _without(run, tolerance, asked)
    if found.homogeneous:
        return RunVerdict(
            Ending.UNDERDETERMINED,
            "zero meets every equation and condition: it is a solution, and nothing asks for another",
            "state a source, a datum that is not zero, or a normalisation",
        )
    if found.null and found.residual <= MET:
        return RunVerdict(
            Ending.UNDERDETERMINED,
            f"{found.null} directions change no residual: the solution is not the only one, "
            "or it grows so much that its data do not show",
            "state the conditions that are missing, or a shorter interval"
            + (", or measurements (--data)" if run.identified else ""),
        )
    return _compared(run, tolerance, asked)


def _without(run: Trajectory, tolerance: float, asked: bool) -> RunVerdict:
    """No estimate: only a known solution, or the user's own budget, says anything."""
    if run.error is not None and run.error <= tolerance:
        return RunVerdict(Ending.SOLVED, f"the relative error is {run.error:.1e}")
    if asked:
        return RunVerdict(Ending.UNFINISHED, f"it ended by what was asked for: {run.reason}")
    return RunVerdict(
        Ending.UNKNOWN, "without an interval for every variable nothing can be checked", "give the domain"
    )


def _compared(run: Trajectory, tolerance: float, asked: bool) -> RunVerdict:
    found = run.estimate
    assert found is not None
    told = f"the error is about {found.error:.1e}"
    if run.error is not None:
        told += f" (known: {run.error:.1e})"
    enough = max(tolerance, found.noise)
    accurate = found.error <= enough and (run.error is None or run.error <= enough) and _is_met(run)
    group, ratio = _spread(run)
    agrees = ratio <= AGREE or found.residual <= tolerance
    if accurate and agrees:
        of = "" if enough == tolerance else ", the noise of the data"
        return RunVerdict(Ending.SOLVED, f"{told}, at most {enough:.2g}{of}")
    cut_short = asked and not run.reason.startswith(SLOW)
    # Met where it was trained on: more steps would not help.
    met = found.residual / ratio <= tolerance
    if not agrees and (met or not cut_short):
        return RunVerdict(
            Ending.OVERFITTED,
            f"the residual of {group!r} is {ratio:.1e} times larger at fresh points than at those trained on",
            "raise --points, or take new ones with --resample",
        )
    if cut_short:
        return RunVerdict(Ending.UNFINISHED, f"{told}; it ended by what was asked for: {run.reason}")
    return RunVerdict(Ending.STALLED, f"{told}; {_cause(run)}", _remedy(run))


def _spread(run: Trajectory) -> tuple[str, float]:
    """The group with most of the loss at fresh points, and √mean R_g² there over that at those trained on."""
    fresh = {name: float(column[-1]) for name, column in run.fresh_residuals.items()}
    group = max(fresh, key=lambda name: run.group_weights[name] * len(run.points[name]) * fresh[name] ** 2)
    return group, fresh[group] / max(run.training_rms()[group], float(np.finfo(np.float64).tiny))


def _is_met(run: Trajectory) -> bool:
    """Are all groups met at all? The best compromise of a problem without a solution needs no correction."""
    found = run.estimate
    return found is not None and found.residual <= max(UNMET, 2 * found.noise)


def _apart(run: Trajectory) -> float:
    """The first losses' largest ratio; what features meet by themselves, to rounding, is no block."""
    first = [float(curve[0]) for curve in run.group_losses.values()]
    seen = [loss for loss in first if loss > MET_AT_ONCE * max(first)]
    return max(seen) / min(seen) if seen else 1.0


def _cause(run: Trajectory) -> str:
    if _apart(run) >= APART:
        return f"blocks of different size: the groups' first losses are {_apart(run):.0e} apart"
    if not _is_met(run) and run.estimate is not None:
        size = f"a relative residual of {run.estimate.residual:.1g}"
        return (
            f"the equations and conditions are not met together, with {size}: they contradict "
            "each other, or the network does not resolve what meets them"
        )
    if _is_misfit(run):
        rms = run.training_rms()[run.worst_group]
        missed = 0.0 if run.estimate is None else run.estimate.missed
        times = f", {missed:.2g} of their standard deviations" if missed else ""
        return (
            f"what is left is the misfit of the data {run.worst_group!r}, {rms:.1e} in root mean square"
            f"{times}: their noise, or equations that are not theirs"
        )
    return f"the loss stopped falling ({run.reason}), most of it in group {run.worst_group!r}"


def _is_misfit(run: Trajectory) -> bool:
    return run.estimate is not None and run.worst_group in run.estimate.measured


def _remedy(run: Trajectory) -> str:
    if _apart(run) >= APART:
        return "take --weights trace, or state the problem in units in which its numbers are of size 1"
    if _is_misfit(run):
        return "state the standard deviation of the data (sigma), or weigh the equations more (--weights)"
    return "raise --steps or --width, or try another --seed"
