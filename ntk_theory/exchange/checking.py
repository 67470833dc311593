"""Does the network that was read compute what the model computes? Asked at random points."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jets import jets
from ntk_theory.errors import InputError
from ntk_theory.exchange.model import Model
from ntk_theory.model.program import compile_expressions

#: Random points of the comparison.
POINTS = 24
#: Largest difference, in units of the largest output: double precision, and single.
TOLERANCES = {False: 1e-9, True: 1e-3}


def values_of(model: Model, points: Floats) -> Floats:
    """The model's outputs (n, m) from what was read of it."""
    space = model.space
    slots = [space.value(name) for name in space.fields]
    outputs = jets(model.network, model.parameters, points, slots)
    if not model.transform:
        return np.ascontiguousarray(outputs.T)
    symbols = [*space.variable_symbols, *(space.symbol(slot) for slot in slots)]
    results = compile_expressions(model.transform, symbols).run([*points.T, *outputs])
    return np.stack([np.broadcast_to(r, len(points)) for r in results], axis=1)


def check_same(model: Model, module: Any) -> None:
    """Raise unless the torch module and what was read of it have the same values at random points."""
    check_values(
        model,
        lambda points: _module_values(module, points),
        TOLERANCES[model.is_single],
        "it may have state that changes, such as dropout in training mode",
    )


def check_values(model: Model, values: Callable[[Floats], Floats], tolerance: float, otherwise: str) -> None:
    """Raise unless ``values``, of points (n, d), are what was read, in units of the largest output.

    ``otherwise`` says what may be the cause.
    """
    points = np.random.default_rng(0).uniform(0.1, 0.9, (POINTS, len(model.network.variables)))
    mine, theirs = values_of(model, points), values(points)
    if theirs.ndim == 1:
        theirs = theirs[:, None]
    size = max(float(np.abs(theirs).max()), 1e-30)
    worst = float(np.abs(mine - theirs).max()) / size if mine.shape == theirs.shape else np.inf
    if not worst <= tolerance:
        raise InputError(
            f"{model.source} computes something else than the network that was read from it (relative "
            f"difference {worst:.1e} at random points); {otherwise}"
        )


def _module_values(module: Any, points: Floats) -> Floats:
    torch: Any = importlib.import_module("torch")
    first = next(iter(module.parameters()))
    x = torch.as_tensor(points, dtype=first.dtype, device=first.device)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the module's own
        try:
            out = module(x)
        except TypeError:
            out = module(*x.split(1, dim=1))
    return np.asarray(out.detach().cpu().numpy(), dtype=np.float64)
