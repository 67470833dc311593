"""The dense Jacobian J = ∂R/∂θ of the residuals of a small network, one row per point.

With w = F_α at the jets, the row of a point x is the gradient of Σ_α w_α(x) u_α(x) with w held fixed, i.e.
in Taylor coefficients γ of one contracted backward pass D (:mod:`ntk_theory.empirical.passes`) [D]

    ∂R(x)/∂Wˡ = ε Σ_γ D^l_γ(x) ⊗ H^l_γ(x),   ∂R(x)/∂bˡ = ε D^l_0(x),   ∂R(x)/∂a = ε Σ_α w_α h_α(x)/√N,
    ∂R(x)/∂cⁱ = w_{i0}(x),   H¹ = x̃ (and its slopes),   Hˡ⁺¹ = hˡ/√N_l.

Every leg is propagated on the downward closure of its own slots, so that a boundary value costs no
derivatives. Memory is n·P numbers: meant for P of a few thousand, where least squares needs J itself.
"""

from __future__ import annotations

import math

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jet_request import JetRequest, jet_request
from ntk_theory.empirical.jets import network_jets, read_out
from ntk_theory.empirical.passes import Pass, contracted_pass, layers_of
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import NonFiniteError
from ntk_theory.model.assembly import Leg, Rows
from ntk_theory.model.parameters import Parameters

EVERY = slice(None)


def residuals_and_jacobian(residuals: Residuals, parameters: Parameters) -> tuple[Floats, Floats]:
    """R (n,) and J (n, P), columns in the order of ``Parameters.flatten``.

    ``layer_rates`` are not applied. Raises :class:`NonFiniteError` naming the group where F, F_α or a
    derivative by a parameter overflows.
    """
    rows = residuals.rows.at(parameters.unknowns)
    values = np.zeros(residuals.size)
    jacobian = np.zeros((residuals.size, parameters.size))
    starts = np.cumsum([0] + [group.size for group in rows.groups])
    seen: set[int] = set()
    for leg in rows.legs:
        span = slice(int(starts[leg.group]), int(starts[leg.group + 1]))
        group = rows.problem.groups[leg.group]
        if leg.group not in seen:
            seen.add(leg.group)
            values[span] -= group.target(rows.points[leg.rows])
        value, part = _leg(residuals, leg, parameters, rows)
        values[span] += value
        jacobian[span] += part
        if not np.isfinite(jacobian[span].sum()):
            raise NonFiniteError(
                f"group {group.name!r}: a derivative of its residual by a parameter is not finite; "
                "make the parameters smaller"
            )
    return values, jacobian


def _leg(residuals: Residuals, leg: Leg, parameters: Parameters, rows: Rows) -> tuple[Floats, Floats]:
    points = rows.points[leg.rows]
    if not leg.slots:
        value, by_unknowns = leg.operator.evaluate(points, np.zeros((0, len(points))), rows.unknowns)
        out = np.zeros((len(points), parameters.size))
        out[:, parameters.size - len(by_unknowns) :] = by_unknowns.T
        return value, out
    ask = jet_request(residuals.network, parameters, points, leg.operator.slots)
    layers = layers_of(ask, EVERY)
    jets = network_jets(ask, read_out(ask, layers[-1].values, EVERY))
    value, gradient = leg.operator.evaluate(points, jets, rows.unknowns)
    weights, by_unknowns = gradient[: len(leg.slots)], gradient[len(leg.slots) :]
    state = contracted_pass(ask, layers, EVERY, weights)
    out = np.empty((len(points), parameters.size))
    at = _fill(state, out)
    last = parameters.size - len(by_unknowns)
    out[:, last:] = by_unknowns.T
    for i in range(last - at):
        own = (ask.outputs == i) & (ask.positions == 0)
        out[:, at + i] = weights[own].sum(axis=0)
    ask.arena.release()
    return value, out


def _fill(state: Pass, out: Floats) -> int:
    """Every column but the output bias; returns how many there are."""
    ask, n, epsilon = state.ask, len(out), state.ask.network.epsilon
    first = _first_weight(ask, state.deltas[0])
    blocks = [first.reshape(n, -1), state.deltas[0][0]]
    for delta, below in zip(state.deltas[1:], state.values[:-1], strict=True):
        outer = np.matmul(delta.transpose(1, 2, 0), below.transpose(1, 0, 2))
        outer *= 1 / math.sqrt(below.shape[2])
        blocks += [outer.reshape(n, -1), delta[0]]
    blocks.append(state.readout.transpose(1, 0, 2).reshape(n, -1) / math.sqrt(ask.network.widths[-1]))
    at = 0
    for block in blocks:
        np.multiply(block, epsilon, out=out[:, at : at + block.shape[1]])
        at += block.shape[1]
    return at


def _first_weight(ask: JetRequest, delta: Floats) -> Floats:
    """Σ_γ D_γ ⊗ x̃_γ: where x̃ is affine in x, only γ = 0 and the units count."""
    if ask.input_jets is not None:
        return np.asarray(np.matmul(delta.transpose(1, 2, 0), ask.input_jets.transpose(1, 0, 2)))
    outer = delta[0][:, :, None] * ask.inputs[:, None, :]
    for j, place in enumerate(ask.set.units.tolist()):
        if place >= 0:
            outer[:, :, j] += ask.network.scale[j] * delta[place]
    return np.asarray(outer)
