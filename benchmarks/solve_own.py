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
    watch, clock = sheets.Watch(seconds), [0.0]

    def note(*_: object) -> None:
        watch.first = watch.first or watch.now()
        clock.append(watch.now())

    fault = ""
    try:
        run = train(problem, until={"cpu": seconds}, progress=note)
    except TrainingError as error:
        if error.trajectory is None:
            raise
        run, fault = error.trajectory, str(error)
    begun = clock[1] if len(clock) > 1 else 0.0
    watch.curve = [(clock[int(step)] or begun, float(error)) for step, error in run.errors]
    grid = TestGrid.of(problem)
    watch.curve[-1] = (watch.curve[-1][0], grid.error(problem, run.network, run.parameters))
    sheets.written(
        folder,
        watch,
        cpu=watch.curve[-1][0],
        steps=len(run.times) - 1,
        parameters=run.parameters.size,
        points=int(np.sum([len(array) for array in run.points.values()])),
        early=watch.curve[-1][0] < 0.95 * seconds,
        reason=fault or run.reason,
        version=nt.__version__,
    )


if __name__ == "__main__":
    main()
