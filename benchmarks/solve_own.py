"""One problem by this package with its defaults; called by ``solve.py``."""

from __future__ import annotations

import sys

import numpy as np
import solve_sheets as sheets

import ntk_theory as nt
from ntk_theory.errors import TrainingError
from ntk_theory.training import train
from ntk_theory.training.solution import TestGrid


def main() -> None:
    """Train for as many seconds of the processor; the errors are those that the run records by itself."""
    folder, seconds = sys.argv[1], float(sys.argv[2])
    sheet, _ = sheets.opened(folder)
    problem = nt.zoo(sheet["name"])
    watch, clock = sheets.Watch(seconds), list[float]()

    def note(*_: object) -> None:
        clock.append(watch.now())

    fault = ""
    try:
        run = train(problem, until={"cpu": seconds}, progress=note)
    except TrainingError as error:
        if error.trajectory is None:
            raise
        run, fault = error.trajectory, str(error)
    end = clock[-1] if clock else watch.now()
    watch.first = clock[0] if clock else end
    # The record before the first step is left out: its seconds are not known apart.
    watch.curve = [(clock[int(step) - 1], float(error)) for step, error in run.errors if step]
    watch.curve.append((end, TestGrid.of(problem).error(problem, run.network, run.parameters)))
    sheets.written(
        folder,
        watch,
        cpu=end,
        steps=len(run.times) - 1,
        parameters=run.parameters.size,
        points=int(np.sum([len(array) for array in run.points.values()])),
        early=end < 0.95 * seconds,
        reason=fault or run.reason,
        version=nt.__version__,
    )


if __name__ == "__main__":
    main()
