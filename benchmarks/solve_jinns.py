"""One problem by jinns on JAX; called by ``solve.py``, which lays out the sheet.

Its second-order method, the natural gradient with a ridge and a backtracking line search at their defaults
(``jinns.optimizers.vanilla_ngd``), on a network of tanh as in its documentation; float64; all points at
every step (2048 Sobol points, 128 on every face). Time is one more coordinate of a stationary problem,
because jinns states initial conditions for values only. Its validation hook looks at the clock.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from itertools import pairwise

os.environ["JAX_ENABLE_X64"] = "1"

import equinox as eqx
import jax
import jax.numpy as jnp
import jinns
import numpy as np
import solve_sheets as sheets
from jinns.loss import BoundaryConditionAbstract
from jinns.validation import AbstractValidationModule

TABLE = {name: getattr(jnp, name) for name in sheets.FUNCTIONS.values()}
POINTS, FACE = 2048, 128
#: More steps than any run takes; the clock ends it.
STEPS = 100_000


def along(function, axis):
    """∂/∂x_axis of a function of a point."""

    def derivative(x):
        return jax.jvp(function, (x,), (jnp.zeros_like(x).at[axis].set(1.0),))[1]

    return derivative


def residuals(nodes, x, u, params):
    """The values of trees, as JSON, at one point x (d,), derivatives by forward differentiation."""
    functions = {(0,) * len(x): lambda y: u(y, params)}
    values = {}

    def function(index):
        if index not in functions:
            axis = next(k for k, order in enumerate(index) if order)
            below = tuple(order - (k == axis) for k, order in enumerate(index))
            functions[index] = along(function(below), axis)
        return functions[index]

    def jet(field, index):
        index = tuple(index)
        if index not in values:
            values[index] = function(index)(x)
        return values[index][field]

    return jnp.stack(
        [jnp.asarray(sheets.value(json.loads(node), lambda k: x[k], jet, TABLE)) for node in nodes]
    )


def faces_of(problem):
    """For every face of the box, in jinns' order, the residuals that hold there; and points with theirs."""
    found, pinned = {}, []
    for one in problem["conditions"]:
        node = json.dumps(one["residual"])  # static fields of modules must have a hash
        for face in one["faces"]:
            if sheets.is_pinned(problem, face) and len(problem["variables"]) > 1:
                pinned.append((tuple(at for _, at in sorted(face)), node))
                continue
            ((axis, at),) = face
            place = 2 * int(axis) + int(np.isclose(at, problem["domain"][int(axis)][1]))
            found.setdefault(place, []).append(node)
    return tuple((place, tuple(nodes)) for place, nodes in sorted(found.items())), tuple(pinned)


class Equations(jinns.loss.PDEStatio):
    """All equations at once."""

    nodes: tuple = eqx.field(static=True, default=())

    def equation(self, x, u, params):
        """The residuals at x."""
        return residuals(self.nodes, x, u, params)


class Conditions(BoundaryConditionAbstract):
    """All conditions, face by face."""

    faces: tuple = eqx.field(static=True, default=())
    pinned: tuple = eqx.field(static=True, default=())

    def equation_u(self, inputs, u, params):
        """The residuals on every face that has some, then at points."""
        on = [residuals(nodes, inputs[..., k], u, params) for k, nodes in self.faces]
        at = [residuals([node], jnp.array(point), u, params) for point, node in self.pinned]
        return (*on, *at)

    def equation_f(self, inputs, params, gridify=False):
        """What they are to equal: 0."""
        sizes = [len(nodes) for _, nodes in self.faces] + [1] * len(self.pinned)
        return tuple(jnp.zeros(size) for size in sizes)


class Clock(AbstractValidationModule):
    """Looks at the watch; asks to stop when the time is up."""

    call_every: int = eqx.field(kw_only=True, static=True)
    look: object = eqx.field(kw_only=True, static=True)

    def __call__(self, params):
        """What jinns expects: itself, stop?, a criterion, is it the best?"""
        leaves = jax.tree.leaves(params.nn_params)
        stop = jax.experimental.io_callback(self.look, jax.ShapeDtypeStruct((), bool), leaves)
        return self, stop, jnp.array(0.0), False


def features(problem):
    """Cos and sin of periodic coordinates; the others as they are."""
    periods = {int(axis): length for axis, length in problem["periods"]}

    def transform(x, _):
        columns = []
        for k in range(len(problem["variables"])):
            if k in periods:
                angle = 2 * jnp.pi / periods[k] * x[k]
                columns += [jnp.cos(angle), jnp.sin(angle)]
            else:
                columns.append(x[k])
        return jnp.stack(columns)

    return transform, len(problem["variables"]) + len(periods)


def callback_value(params, loss, batch):
    """L, for the line search."""
    return loss.evaluate(params, batch)[0]


def callback_gradient(params, loss, batch):
    """∇L, for the update of the matrix."""
    return jax.grad(lambda p: loss.evaluate(p, batch)[0])(params)


NAMED = jinns.solver.GetJinnsVariableName
#: Method → its optimiser, and what it asks jinns for beside the gradient.
METHODS = {
    "natural gradient": (jinns.optimizers.vanilla_ngd, None),
    "SSBroyden": (
        jinns.optimizers.scale_by_SSBroyden_family,
        {
            "value": NAMED("train_loss_value"),
            "grad_pt": NAMED("grads"),
            "value_fn": callback_value,
            "grad_fn": callback_gradient,
            "loss": NAMED("loss"),
            "batch": NAMED("batch"),
        },
    ),
}


def main() -> None:
    """Train until the time is up."""
    folder, seconds = sys.argv[1], float(sys.argv[2])
    method = sys.argv[3] if len(sys.argv) > 3 else "SSBroyden"
    problem, grid = sheets.opened(folder)
    watch = sheets.Watch(seconds)
    transform, inputs = features(problem)
    hidden = [20] * 3 if len(problem["fields"]) == 1 else [20] * 4
    widths = [inputs, *hidden, len(problem["fields"])]
    layers = []
    for before, after in pairwise(widths):
        layers += [(eqx.nn.Linear, before, after), (jax.nn.tanh,)]
    key, other = jax.random.split(jax.random.PRNGKey(0))
    u, start = jinns.nn.PINN_MLP.create(
        key=key, eqx_list=tuple(layers[:-1]), eq_type="PDEStatio", input_transform=transform
    )
    params = jinns.parameters.Params(nn_params=start, eq_params={})
    low, high = zip(*problem["domain"], strict=True)
    faces, pinned = faces_of(problem)
    data = jinns.data.CubicMeshPDEStatio(
        key=other,
        n=POINTS if len(low) > 1 else 256,
        nb=2 * len(low) * FACE if len(low) > 1 else 2,
        dim=len(low),
        min_pts=low,
        max_pts=high,
        method="sobol",
    )
    loss = jinns.loss.LossPDEStatio(
        u=u,
        dynamic_loss=Equations(nodes=tuple(map(json.dumps, problem["equations"]))),
        boundary_condition=Conditions(faces=faces, pinned=pinned),
        loss_weights=jinns.loss.LossWeightsPDEStatio(dyn_loss=1.0, boundary_loss=1.0),
        params=params,
    )
    steps = [0]

    def look(leaves):
        steps[0] += 1
        return np.bool_(watch.look(lambda: [np.array(leaf) for leaf in leaves]))

    optimizer, extra = METHODS[method]
    found = jinns.solve(
        n_iter=STEPS,
        init_params=params,
        data=data,
        loss=loss,
        optimizer=optimizer(),
        validation=Clock(call_every=1, look=look),
        verbose=False,
        extra_optax_args_and_kwargs=extra,
    )
    structure = jax.tree.structure(params.nn_params)
    at = jax.jit(jax.vmap(u, (0, None)))

    def error(leaves):
        leaves = jax.tree.unflatten(structure, leaves)
        return sheets.relative(at(grid["points"], jinns.parameters.Params(leaves, {})), grid)

    end = watch.now()
    watch.look(lambda: jax.tree.leaves(found[0].nn_params), last=True)
    watch.curve = [(now, error(leaves)) for now, leaves in watch.curve]
    sheets.written(
        folder,
        watch,
        cpu=end,
        steps=steps[0],
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params.nn_params)),
        points=int(data.n + (data.nb or 0)),
        early=end < 0.95 * seconds,
        version=metadata.version("jinns"),
    )


if __name__ == "__main__":
    main()
