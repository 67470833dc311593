"""One problem by DeepXDE on PyTorch; called by ``solve.py``, which lays out the sheet.

Its documented course: a fully connected network of tanh with Glorot normal weights, Adam with rate 1e-3, then
L-BFGS; float64; points as in its own examples (Burgers' equation: 2540, 80 on the ends, 160 at the start;
Kovasznay flow: 2601 and 400). Adam takes 15000 steps as there, but at most half of the seconds.
"""

from __future__ import annotations

import os
import sys

os.environ["DDE_BACKEND"] = "pytorch"

import deepxde as dde
import numpy as np
import solve_sheets as sheets
import torch

TABLE = {name: getattr(torch, name) for name in sheets.FUNCTIONS.values()}
ADAM = 15_000
#: Steps of L-BFGS between two looks at the clock.
LOOK = 25


def geometry(problem):
    """The domain, and DeepXDE's data class for it with its numbers of points."""
    boxes = dict(zip(problem["variables"], problem["domain"], strict=True))
    if "t" in boxes:
        (_, (low, high)), (_, time) = boxes.items()
        domain = dde.geometry.GeometryXTime(dde.geometry.Interval(low, high), dde.geometry.TimeDomain(*time))
        bounded = not problem["periods"]
        counts = {"num_domain": 2540, "num_boundary": 80 if bounded else 0, "num_initial": 160}
        return domain, dde.data.TimePDE, counts
    if len(boxes) == 1:
        return (
            dde.geometry.Interval(*problem["domain"][0]),
            dde.data.PDE,
            {"num_domain": 256, "num_boundary": 2},
        )
    low, high = np.array(problem["domain"]).T
    return dde.geometry.Rectangle(low, high), dde.data.PDE, {"num_domain": 2601, "num_boundary": 400}


def residual(node):
    """A tree as DeepXDE's function of inputs and outputs, derivatives by its ``jacobian``."""

    def of(x, y):
        made = {}

        def jet(field, index):
            key = (field, tuple(index))
            if key not in made:
                axis = next((k for k, order in enumerate(index) if order), None)
                if axis is None:
                    made[key] = y[:, field : field + 1]
                elif sum(index) == 1:
                    made[key] = dde.grad.jacobian(y, x, i=field, j=axis)
                else:
                    below = [order - (k == axis) for k, order in enumerate(index)]
                    made[key] = dde.grad.jacobian(jet(field, below), x, i=0, j=axis)
            return made[key]

        return sheets.value(node, lambda k: x[:, k : k + 1], jet, TABLE)

    return of


def condition(problem, domain, one):
    """A condition on its faces, or at its point."""
    of = residual(one["residual"])
    if all(sheets.is_pinned(problem, face) for face in one["faces"]) and len(problem["variables"]) > 1:
        points = np.array([[at for _, at in sorted(face)] for face in one["faces"]])
        return dde.icbc.PointSetOperatorBC(points, np.zeros((len(points), 1)), lambda x, y, _: of(x, y))
    faces = [[(int(k), at) for k, at in face] for face in one["faces"]]

    def on(x, _):
        return any(all(np.isclose(x[k], at) for k, at in face) for face in faces)

    return dde.icbc.OperatorBC(domain, lambda x, y, _: of(x, y), on)


def features(problem):
    """Cos and sin of periodic coordinates; the others as they are."""
    periods = {int(axis): (length, problem["domain"][int(axis)][0]) for axis, length in problem["periods"]}

    def transform(x):
        columns = []
        for k in range(len(problem["variables"])):
            column = x[:, k : k + 1]
            if k in periods:
                angle = 2 * np.pi / periods[k][0] * column
                columns += [torch.cos(angle), torch.sin(angle)]
            else:
                columns.append(column)
        return torch.cat(columns, 1)

    return transform, len(problem["variables"]) + len(periods)


class Clock(dde.callbacks.Callback):
    """Looks at the watch after every step and ends a phase at its time."""

    def __init__(self, watch, end, error):
        super().__init__()
        self.watch, self.end, self.error = watch, end, error

    def on_epoch_end(self):
        """DeepXDE's hook after a step."""
        self.watch.look(self.error)
        if self.watch.now() >= self.end:
            self.model.stop_training = True


def main() -> None:
    """Train until the time is up, or L-BFGS ends by itself."""
    folder, seconds = sys.argv[1], float(sys.argv[2])
    problem, grid = sheets.opened(folder)
    torch.set_num_threads(1)
    dde.config.set_default_float("float64")
    dde.config.set_random_seed(0)
    watch = sheets.Watch(seconds)
    domain, kind, counts = geometry(problem)
    conditions = [condition(problem, domain, one) for one in problem["conditions"]]
    equations = [residual(node) for node in problem["equations"]]
    data = kind(domain, lambda x, y: [of(x, y) for of in equations], conditions, **counts)
    transform, inputs = features(problem)
    hidden = [20] * 3 if len(problem["fields"]) == 1 else [20] * 4
    net = dde.nn.FNN([inputs, *hidden, len(problem["fields"])], "tanh", "Glorot normal")
    net.apply_feature_transform(transform)
    model = dde.Model(data, net)

    def error():
        with torch.no_grad():
            return sheets.relative(net(torch.as_tensor(grid["points"])).numpy(), grid)

    model.compile("adam", lr=1e-3, verbose=0)
    course = Clock(watch, seconds / 2, error)
    model.train(iterations=ADAM, display_every=10**9, verbose=0, callbacks=[course])
    first = model.train_state.step
    dde.optimizers.set_LBFGS_options(maxiter=10**7)
    dde.optimizers.config.LBFGS_options |= {"iter_per_step": LOOK, "fun_per_step": 2 * LOOK}
    model.compile("L-BFGS", verbose=0)
    model.stop_training = False
    model.train(display_every=10**9, verbose=0, callbacks=[Clock(watch, seconds, error)])
    watch.look(error, last=True)
    sheets.written(
        folder,
        watch,
        steps=int(model.train_state.step),
        adam_steps=int(first),
        parameters=sum(p.numel() for p in net.parameters()),
        points=len(data.train_x),
        early=watch.now() < 0.95 * seconds,
        version=dde.__version__,
    )


if __name__ == "__main__":
    main()
