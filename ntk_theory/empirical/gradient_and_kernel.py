"""∇L and K at one θ from one forward and one contracted backward pass.

The contracted state D(x) of a row is the derivative of Σ_α w_α(x) u_α(x). The gradient of L seeds it with
λR w instead of w, and the pass is linear in the seed: its state is (λR)(x) D(x). So the states that K's Gram
products need also give ∇L = Σ_x (λR)(x) Σ_γ D_γ(x) ⊗ H_γ(x), for the price of the outer products [D].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.arena import Arena
from ntk_theory.empirical.cost import Cost
from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.empirical.jets import network_jets, read_out
from ntk_theory.empirical.passes import Pass, contracted_pass, layers_of
from ntk_theory.empirical.residuals import Residuals, gradient_blocks, on_own_side, per_row
from ntk_theory.empirical.sweep import contracted_gram, tiles_of
from ntk_theory.kernels.threads import each
from ntk_theory.model.assembly import assemble_contracted, linearise, residuals
from ntk_theory.model.blocks import Kernel

EVERY = slice(None)


def gradient_and_kernel(
    problem: Residuals, ask: JetRequest, way: Cost, weights: Floats
) -> tuple[Floats, Floats, Kernel]:
    """R (n,), ∇L (P,) and K.

    Parameters
    ----------
    problem:
        The residuals and their rows.
    ask:
        The request at θ for these rows.
    way:
        A contracted plan that keeps its states.
    weights:
        λ per residual, (n,).
    """
    rows, tiles = problem.rows, tiles_of(len(ask.points), way)
    parts = [replace(ask.rows(*tile), arena=Arena()) for tile in tiles]
    layers = each(lambda part: layers_of(part, EVERY), parts)
    scaled = [read_out(p, passed[-1].values, EVERY) for p, passed in zip(parts, layers, strict=True)]
    here = on_own_side(linearise(rows, network_jets(ask, np.concatenate(scaled, axis=1))), ask)
    values = np.asarray(residuals(rows, here.values))
    seeds = [np.ascontiguousarray(here.weights[:, slice(*tile)]) for tile in tiles]
    states = each(lambda k: contracted_pass(parts[k], layers[k], EVERY, seeds[k]), list(range(len(tiles))))
    pull = per_row(problem, weights * values)
    shares = each(lambda k: _gradient(states[k], pull[slice(*tiles[k])]), list(range(len(tiles))))
    blocks = [ask.network.epsilon * sum(found[1:], found[0]) for found in zip(*shares, strict=True)]
    if ask.parameters.output_bias is not None:
        bias = np.zeros(len(ask.network.fields))
        for slot in rows.value_slots:
            bias[ask.outputs[slot]] += float(here.weights[slot] @ pull)
        blocks.append(bias)
    contracted = contracted_gram(states, tiles)
    for part in parts:
        part.arena.release()
    kernel = assemble_contracted(
        rows, here.weights, contracted, ask.network.epsilon, ask.parameters.output_bias_rate
    )
    return values, np.concatenate([block.ravel() for block in blocks]), kernel


def _gradient(state: Pass, pull: Floats) -> list[Floats]:
    """W¹, b¹, …, readout of Σ_x pull(x) ∂(Σ w S)(x)/∂θ for one tile: the pass is linear in its seed."""
    deltas = tuple(delta * pull[:, None] for delta in state.deltas)
    return gradient_blocks(replace(state, deltas=deltas, readout=state.readout * pull[:, None]))
