"""When a run stops, and when it draws new points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from ntk_theory.errors import InputError

#: The relative L² error that a run is to reach, where its user does not say.
TOLERANCE = 1e-3
#: How the reason begins where patience ended a run.
SLOW = "the loss fell by less than a tenth"
#: Intervals between draws grow by no more than this factor.
MOST_GROWTH = 100.0


@dataclass(frozen=True)
class Until:
    """When to stop; the first rule that applies ends the run.

    Attributes
    ----------
    steps:
        Steps tried.
    seconds:
        Wall time of the steps: none begins that, by the two before it, would end later. The estimate of the
        error and the errors of unknowns come after it. A run that this rule stops is not reproducible to the
        step.
    cpu:
        Processor time of this process in seconds, which other processes do not lengthen.
    loss:
        L at most this.
    error:
        Relative L² error at a record time at most this.
    patience:
        Stop where L has not fallen by a tenth during this many steps.
    """

    steps: int | None = None
    seconds: float | None = None
    cpu: float | None = None
    loss: float | None = None
    error: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "seconds", "cpu", "loss", "error", "patience"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"until has {name} = {value}; it needs a positive number")


class Pace:
    """How long steps take, so that none begins which would end after the time is used up.

    The next step is taken to last as long as the shorter of the last two: neither a look at more points nor
    the compilation within the first step is a measure of the steps after it.

    >>> pace = Pace(0.0)
    >>> for now in (8.0, 10.0, 15.0):
    ...     pace.ended(now)
    ...     pace.seconds
    0.0
    2.0
    2.0
    """

    def __init__(self, now: float) -> None:
        self._ends = [now]

    def ended(self, now: float) -> None:
        """A step ended, and with it what belongs to it."""
        self._ends = [*self._ends[-2:], now]

    @property
    def seconds(self) -> float:
        """What the next step is expected to take; 0 before there were two."""
        steps = [b - a for a, b in pairwise(self._ends)]
        return min(steps) if len(steps) > 1 else 0.0


@dataclass(frozen=True)
class Resample:
    """Draw new points along the way, as many per group as before unless it ``grows``.

    Attributes
    ----------
    every:
        Steps to the first draw.
    seed:
        Draw k has the seed (seed, k).
    adaptive:
        Where the residual and the terms of the equations are large, counted so that the loss is the same
        (:mod:`ntk_theory.training.adaptive`); else uniformly.
    growth:
        Every interval between two draws is so many times as long as the one before, at least 1.
    grows:
        With every adaptive draw more points, up to three times as many as at first?
    """

    every: int
    seed: int = 0
    adaptive: bool = False
    growth: float = 1.0
    grows: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.growth <= MOST_GROWTH:
            raise InputError(f"growth is {self.growth}; it needs a number between 1 and {MOST_GROWTH:g}")

    def draws(self, step: int) -> int:
        """The number of draws up to a step: the whole intervals that it holds.

        >>> [Resample(3).draws(step) for step in (0, 2, 3, 6, 8)]
        [0, 0, 1, 2, 2]
        >>> [step for step in range(1, 40) if Resample(4, growth=2.0).is_due(step)]
        [4, 12, 28]
        """
        if self.growth == 1:
            return step // self.every
        # every (g^k - 1)/(g - 1) <= step; the slack is for rounding at the mark itself.
        held = math.log1p(step * (self.growth - 1) / self.every) / math.log(self.growth)
        return math.floor(held + 1e-9)

    def is_due(self, step: int) -> bool:
        """Is a draw to be made before the step that follows this one?"""
        return step > 0 and self.draws(step) > self.draws(step - 1)
