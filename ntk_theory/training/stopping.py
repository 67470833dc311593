"""When a run stops, and when it draws new points."""

from __future__ import annotations

from dataclasses import dataclass

from ntk_theory.errors import InputError

#: How the reason begins where patience ended a run.
SLOW = "the loss fell by less than a tenth"


@dataclass(frozen=True)
class Until:
    """When to stop; the first rule that applies ends the run.

    Attributes
    ----------
    steps:
        Steps tried.
    seconds:
        Wall time of the call. A run that this rule stops is not reproducible to the step.
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


@dataclass(frozen=True)
class Resample:
    """Draw new points every ``every`` steps, as many per group as before; draw k has the seed (seed, k)."""

    every: int
    seed: int = 0
