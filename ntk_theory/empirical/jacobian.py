"""The Jacobian J = ∂R/∂θ of the residuals of a small network, any rows of it, one per point.

With w = F_α at the jets, the row of a point x is the gradient of Σ_α w_α(x) u_α(x) with w held fixed, i.e.
in Taylor coefficients γ of one contracted backward pass D (:mod:`ntk_theory.empirical.passes`) [D]

    ∂R(x)/∂Wˡ = ε Σ_γ D^l_γ(x) ⊗ H^l_γ(x),   ∂R(x)/∂bˡ = ε D^l_0(x),   ∂R(x)/∂a = ε Σ_α w_α h_α(x)/√N,
    ∂R(x)/∂cⁱ = w_{i0}(x),   H¹ = x̃ (and its slopes),   Hˡ⁺¹ = hˡ/√N_l.

Every leg is propagated on the downward closure of its own slots, so that a boundary value costs no
derivatives. A row is linear in w: weights of the loss and ε go into w. Least squares needs J itself, all of
it (:func:`residuals_and_jacobian`, n·P numbers) or a tile of rows at a time
(:mod:`ntk_theory.empirical.normal`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jet_request import JetRequest, jet_request
from ntk_theory.empirical.passes import Pass, contracted_pass, layers_of
from ntk_theory.empirical.residuals import Linearised, Residuals, per_row
from ntk_theory.errors import NonFiniteError
from ntk_theory.kernels.threads import each
from ntk_theory.model.assembly import Leg
from ntk_theory.model.parameters import Parameters

EVERY = slice(None)
#: Points of one backward pass: its states stay in the cache.
PIECE = 256


def residuals_and_jacobian(residuals: Residuals, parameters: Parameters) -> tuple[Floats, Floats]:
    """R (n,) and J (n, P), columns in the order of ``Parameters.flatten``.

    ``layer_rates`` are not applied. Raises :class:`NonFiniteError` naming the group where F, F_α or a
    derivative by a parameter overflows.
    """
    here = residuals.at(parameters)
    jacobian = np.empty((residuals.size, parameters.size))
    JacobianRows.of(here).fill(0, residuals.size, jacobian)
    return here.values, jacobian


@dataclass(frozen=True, eq=False)
class JacobianRows:
    """The rows of ΛJη at one θ, made when they are asked for.

    Attributes
    ----------
    residuals, parameters:
        The problem at its points, and θ.
    weights:
        w of every slot and stacked point times the factor of its residual, (S, R).
    columns:
        Factors of the columns, (P,), or None for ones.
    unknowns:
        Derivatives by the unknown coefficients times the factor of their residual, (K, R).
    """

    residuals: Residuals
    parameters: Parameters
    weights: Floats
    columns: Floats | None
    unknowns: Floats

    @classmethod
    def of(cls, here: Linearised, rows: Floats | None = None, columns: Floats | None = None) -> JacobianRows:
        """At a linearisation, with a factor for every residual (n,) and for every parameter (P,)."""
        found = here.linearisation
        factor = 1.0 if rows is None else per_row(here.residuals, rows)
        scaled = here.weights if rows is None else here.weights * factor
        return cls(here.residuals, here.ask.parameters, scaled, columns, found.unknowns * factor)

    @property
    def shape(self) -> tuple[int, int]:
        """N and P."""
        return self.residuals.size, self.parameters.size

    def fill(self, start: int, stop: int, out: Floats) -> None:
        """Write the rows from ``start`` to ``stop`` into ``out`` (≥ stop − start, P), by all threads.

        Raises
        ------
        NonFiniteError
            naming the group of a derivative that is not finite.
        """

        def one(piece: tuple[int, int, int, int]) -> None:
            group, first, last, at = piece
            self._piece(group, first, last, out[at : at + last - first])

        each(one, list(self._pieces(start, stop)))

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
        """Group, its points from where to where, and the first row of ``out``."""
        begin = 0
        for number, group in enumerate(self.residuals.rows.groups):
            low, high = max(start, begin), min(stop, begin + group.size)
            for at in range(low, high, PIECE):
                yield number, at - begin, min(at + PIECE, high) - begin, at - start
            begin += group.size

    def _piece(self, number: int, first: int, last: int, out: Floats) -> None:
        legs = [leg for leg in self.residuals.rows.legs if leg.group == number]
        self._leg(legs[0], first, last, out)
        for leg in legs[1:]:
            more = np.empty_like(out)
            self._leg(leg, first, last, more)
            out += more
        if self.columns is not None:
            out *= self.columns
        if not np.isfinite(out.sum()):
            raise NonFiniteError(
                f"group {self.residuals.rows.groups[number].name!r}: a derivative of its residual by a "
                "parameter is not finite; make the parameters smaller"
            )

    def _leg(self, leg: Leg, first: int, last: int, out: Floats) -> None:
        part = slice(leg.start + first, leg.start + last)
        end = self.parameters.size - len(self.unknowns)
        out[:, end:] = self.unknowns[:, part].T
        if not leg.slots:
            out[:, :end] = 0.0
            return
        weights = np.ascontiguousarray(self.weights[list(leg.slots), part])
        network = self.residuals.network
        ask = jet_request(
            network, self.parameters, self.residuals.rows.points[part], leg.operator.slots, folds=True
        )
        layers = layers_of(ask, EVERY)
        at = _fill(contracted_pass(ask, layers, EVERY, weights * network.epsilon), out)
        for i in range(end - at):
            own = (ask.outputs == i) & (ask.positions == 0)
            out[:, at + i] = weights[own].sum(axis=0)
        ask.arena.release()


def _fill(state: Pass, out: Floats) -> int:
    """Every column but the output bias; returns how many there are."""
    ask, n = state.ask, len(out)
    first = _first_weight(ask, state.deltas[0]).reshape(n, -1)
    at = first.shape[1]
    out[:, :at] = first
    out[:, at : at + state.deltas[0].shape[2]] = state.deltas[0][0]
    at += state.deltas[0].shape[2]
    for delta, below in zip(state.deltas[1:], state.values[:-1], strict=True):
        shape = (n, delta.shape[2], below.shape[2])
        outer = out[:, at : at + shape[1] * shape[2]].reshape(shape)  # a view
        scaled = delta * (1 / math.sqrt(below.shape[2]))
        np.matmul(scaled.transpose(1, 2, 0), below.transpose(1, 0, 2), out=outer)
        at += shape[1] * shape[2]
        out[:, at : at + shape[1]] = delta[0]
        at += shape[1]
    readout = state.readout.transpose(1, 0, 2).reshape(n, -1)
    np.multiply(readout, 1 / math.sqrt(ask.network.widths[-1]), out=out[:, at : at + readout.shape[1]])
    return int(at + readout.shape[1])


def _first_weight(ask: JetRequest, delta: Floats) -> Floats:
    """Σ_γ D_γ ⊗ x̃_γ: where x̃ is affine in x, only γ = 0 and the units count."""
    if ask.input_jets is not None:
        return np.asarray(np.matmul(delta.transpose(1, 2, 0), ask.input_jets.transpose(1, 0, 2)))
    outer = delta[0][:, :, None] * ask.inputs[:, None, :]
    for j, place in enumerate(ask.set.units.tolist()):
        if place >= 0:
            outer[:, :, j] += ask.network.scale[j] * delta[place]
    return np.asarray(outer)
