"""Products with the Jacobian of the residuals, and the loss gradient, without forming the Jacobian.

J = ∂R/∂θ has one row per point and one column per parameter, output bias included. With w = F_α at the
jets, R's tangent is Σ_α w_α u̇_α and its gradient is that of Σ_α w_α u_α with w held fixed [D]:

    forward   ż¹_0 = Ẇ¹x̃ + ḃ¹, ż¹_{e_j} = Ẇ¹_j scale_j;  ḣ = φ'(z)·ż;  żˡ⁺¹ = (Wˡ⁺¹ḣˡ + Ẇˡ⁺¹hˡ)/√N_l + ḃˡ⁺¹
    backward  ∂/∂Wˡ = Σ_{x,γ} D_γ(x) ⊗ H_γ(x),   ∂/∂bˡ = Σ_x D_0(x)

in Taylor coefficients, products truncated; D is the contracted state of :mod:`ntk_theory.empirical.passes`.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical.arena import Arena
from ntk_theory.empirical.cost import cost_of
from ntk_theory.empirical.jet_request import JetRequest, jet_request
from ntk_theory.empirical.jets import network_jets, read_out
from ntk_theory.empirical.passes import Layers, Pass, contracted_pass, layers_of
from ntk_theory.empirical.propagate import Layer, backward, times
from ntk_theory.empirical.sweep import Tile, tiles_of
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.kernels.threads import each
from ntk_theory.model.assembly import Linearisation, Rows, fold_rows, linearise, stack_rows
from ntk_theory.model.assembly import residuals as stacked_residuals
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network, check_match
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.resources import thread_count
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

EVERY = slice(None)


@dataclass(frozen=True, eq=False)
class Residuals:
    """The residuals R(θ) of a problem at fixed points, for a network of fixed shape.

    Attributes
    ----------
    rows:
        The points of all legs of all groups, stacked.
    size:
        n, the number of residuals, in the order of the kernel's rows.
    """

    network: Network
    rows: Rows

    @classmethod
    def of(
        cls,
        problem: Problem,
        network: Network,
        points: Mapping[str, ArrayLike],
        groups: str | Iterable[str] | None = None,
    ) -> Residuals:
        """Lower the problem (or some of its groups) and check the points once, for many parameters."""
        check_match(problem, network)
        return cls(network, stack_rows(lower_problem(problem, trained=True).only(groups), points))

    @property
    def size(self) -> int:
        """The number of residuals, n."""
        return sum(group.size for group in self.rows.groups)

    def at(self, parameters: Parameters) -> Linearised:
        """The forward pass at θ, from which values and products follow."""
        here = replace(self, rows=self.rows.at(parameters.unknowns))
        return Linearised(
            here, jet_request(self.network, parameters, self.rows.points, self.rows.slots, folds=True)
        )


@dataclass(frozen=True, eq=False)
class Linearised:
    """R and products with J at one θ; every product reuses the forward pass where memory allows."""

    residuals: Residuals
    ask: JetRequest
    _tiles: list[Tile] = field(init=False)
    _keeps: bool = field(init=False)

    def __post_init__(self) -> None:
        # The kept layers go back to the stock with this object: nothing else ever refers to them.
        weakref.finalize(self, self.ask.arena.release)
        way = cost_of(self.ask, contracted=True, kernel=False)
        object.__setattr__(self, "_tiles", tiles_of(len(self.ask.points), way))
        object.__setattr__(self, "_keeps", way.keeps)

    @cached_property
    def _passed(self) -> list[Layers] | None:
        if not self._keeps:
            return None
        return each(lambda tile: layers_of(self.ask.rows(*tile), EVERY), self._tiles)

    @cached_property
    def jets(self) -> Floats:
        """u_α of all rows, (slots, rows)."""
        parts = each(self._scaled, range(len(self._tiles)))
        return network_jets(self.ask, np.concatenate(parts, axis=1))

    @cached_property
    def linearisation(self) -> Linearisation:
        """F and F_α of all rows."""
        return linearise(self.residuals.rows, self.jets)

    @cached_property
    def weights(self) -> Floats:
        """w: F_α, of a folded network by the jets of its own side, (slots, rows)."""
        return on_own_side(self.linearisation, self.ask).weights

    @cached_property
    def values(self) -> Floats:
        """R, shape (n,)."""
        return np.asarray(stacked_residuals(self.residuals.rows, self.linearisation.values))

    def vjp(self, cotangent: ArrayLike) -> Parameters:
        """Jᵀv for v of shape (n,): one array per parameter block (rates not applied)."""
        v = self._vector(cotangent, "cotangent")
        found = self.jet_vjp(self.weights * per_row(self.residuals, v))
        if self.ask.parameters.unknowns is None:
            return found
        return found.with_unknowns(self.linearisation.unknowns @ per_row(self.residuals, v))

    def jet_vjp(self, weights: Floats) -> Parameters:
        """Σ w_{αr} ∇u_α(x_r) for w of shape (slots, rows), without the unknowns."""
        count = min(thread_count(), len(self._tiles))
        lanes = [range(k, len(self._tiles), count) for k in range(count)]

        def lane(mine: range) -> list[Floats]:
            total: list[Floats] = []
            for k in mine:
                part = self._gradient(k, weights[:, slice(*self._tiles[k])])
                total = part if not total else [a + b for a, b in zip(total, part, strict=True)]
            return total

        sums = each(lane, lanes)
        blocks = [self.ask.network.epsilon * sum(parts[1:], parts[0]) for parts in zip(*sums, strict=True)]
        bias = None
        if self.ask.parameters.output_bias is not None:
            bias = np.zeros(len(self.ask.network.fields))
            for slot in self.residuals.rows.value_slots:
                bias[self.ask.outputs[slot]] += weights[slot].sum()
        return gradient_parameters(blocks, bias)

    def jvp(self, direction: Parameters) -> Floats:
        """Jθ̇ for a direction with the shapes of θ, shape (n,)."""
        self.ask.network.check(direction)
        parts = each(lambda k: self._tangent(k, direction), range(len(self._tiles)))
        tangent = self.ask.network.epsilon * np.concatenate(parts, axis=1)
        if direction.output_bias is not None:
            for slot in self.residuals.rows.value_slots:
                tangent[slot] += direction.output_bias[self.ask.outputs[slot]]
        rows = np.einsum("ar,ar->r", self.weights, tangent)
        if direction.unknowns is not None:
            rows += direction.unknowns @ self.linearisation.unknowns
        return np.asarray(fold_rows(self.residuals.rows, rows))

    def loss(self, weights: ArrayLike = 1.0) -> float:
        """½ Σ λ R², sums over points, λ a number or one per residual (THEORY §5)."""
        return 0.5 * float(np.sum(np.asarray(weights) * self.values**2))

    def loss_gradient(self, weights: ArrayLike = 1.0) -> Parameters:
        """∂/∂θ of :meth:`loss`: Jᵀ(λR)."""
        return self.vjp(np.asarray(weights) * self.values)

    def _part(self, tile: Tile) -> JetRequest:
        return replace(self.ask.rows(*tile), arena=Arena())

    def _layers(self, k: int) -> tuple[JetRequest, Layers]:
        part = self._part(self._tiles[k])
        return part, self._passed[k] if self._passed is not None else layers_of(part, EVERY)

    def _scaled(self, k: int) -> Floats:
        part, layers = self._layers(k)
        out = read_out(part, layers[-1].values, EVERY)
        part.arena.release()
        return out

    def _gradient(self, k: int, weights: Floats) -> list[Floats]:
        part, layers = self._layers(k)
        blocks = gradient_blocks(contracted_pass(part, layers, EVERY, np.ascontiguousarray(weights)))
        part.arena.release()
        return blocks

    def _tangent(self, k: int, direction: Parameters) -> Floats:
        part, layers = self._layers(k)
        out = _tangent_jets(part, layers, direction)
        part.arena.release()
        return out

    def _vector(self, given: ArrayLike, name: str) -> Floats:
        v = np.asarray(given, dtype=np.float64)
        if v.shape != (self.residuals.size,):
            raise InputError(
                f"{name} has shape {v.shape}; it needs ({self.residuals.size},), one per residual"
            )
        if not np.isfinite(v).all():
            raise NonFiniteError(
                f"{name} is not finite at residual {int(np.argmin(np.isfinite(v)))}; make it so"
            )
        return v


def on_own_side(here: Linearisation, ask: JetRequest) -> Linearisation:
    """∂F/∂v_α = ±F_α for the jets v of a folded network's side; F_α itself for any other network."""
    return here if ask.signs is None else replace(here, weights=here.weights * ask.signs)


def per_row(residuals: Residuals, values: Floats) -> Floats:
    """One number per stacked point (R,) from one per residual (n,): the legs of a group share theirs."""
    starts = np.cumsum([0] + [group.size for group in residuals.rows.groups])
    out = np.empty(len(residuals.rows.points))
    for leg in residuals.rows.legs:
        out[leg.rows] = values[starts[leg.group] : starts[leg.group + 1]]
    return out


def residuals(
    problem: Problem | Operator | str,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike] | None = None,
    *,
    groups: str | Iterable[str] | None = None,
) -> dict[str, Floats]:
    """R_g(x) = Σ_j F^{g,j}(x, jets of the network at x) − target_g(x) at the points of every group.

    Parameters
    ----------
    problem:
        A problem, operator, zoo name or expression; its variables and fields must be the network's, in the
        same order.
    network, parameters:
        See :class:`~ntk_theory.model.network.Network`; parameters may come from anywhere.
    points:
        Group → (n, d), or (n, k, d) for k legs; omitted: 16 per group, drawn with seed 0.
    groups:
        Only these groups: names, or one name; "b" stands for all value groups, "f" for all equations.

    Returns
    -------
    dict
        Group name → (n,).

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.
    NonFiniteError
        naming group and point where a residual overflows.

    >>> zero = Parameters(((np.zeros((4, 2)), np.zeros(4)),), np.zeros((1, 4)))
    >>> network = Network(("x", "t"), ("u",), width=4, output_bias="none")
    >>> residuals("u_t - u_xx - 3", network, zero, {"f": [[0.5, 0.5]]}, groups="f")
    {'f': array([-3.])}
    """
    asked = as_problem(problem)
    given = draw_points(asked, groups=groups) if points is None else points
    here = Residuals.of(asked, network, given, groups)
    sizes = [group.size for group in here.rows.groups]
    parts = np.split(here.at(parameters).values, np.cumsum(sizes)[:-1])
    return {group.name: part for group, part in zip(here.rows.groups, parts, strict=True)}


def jvp(
    problem: Problem,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike],
    direction: Parameters,
) -> Floats:
    """Jθ̇, shape (n,): how the residuals change along a direction in parameter space."""
    return Residuals.of(problem, network, points).at(parameters).jvp(direction)


def vjp(
    problem: Problem,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike],
    cotangent: ArrayLike,
) -> Parameters:
    """Jᵀv for v of shape (n,), one array per parameter block."""
    return Residuals.of(problem, network, points).at(parameters).vjp(cotangent)


def loss_gradient(
    problem: Problem,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike],
    weights: ArrayLike = 1.0,
) -> tuple[float, Parameters]:
    """½ Σ λR² (sums over points, not means) and its gradient by θ."""
    here = Residuals.of(problem, network, points).at(parameters)
    return here.loss(weights), here.loss_gradient(weights)


def gradient_blocks(state: Pass) -> list[Floats]:
    """W¹, b¹, …, readout of ∂(Σ w S)/∂θ for one tile of points."""
    ask, first = state.ask, state.deltas[0]
    blocks = [first_weight(ask, first), first[0].sum(axis=0)]
    for delta, values in zip(state.deltas[1:], state.values[:-1], strict=True):
        flat = delta.reshape(-1, delta.shape[2])
        blocks.append(flat.T @ values.reshape(-1, values.shape[2]) / math.sqrt(values.shape[2]))
        blocks.append(delta[0].sum(axis=0))
    blocks.append(state.readout.sum(axis=1) / math.sqrt(ask.network.widths[-1]))
    return blocks


def first_weight(ask: JetRequest, first: Floats) -> Floats:
    """Σ_{x,γ} D_γ ⊗ H_γ of the first layer."""
    if ask.input_jets is not None:
        return np.asarray(
            first.reshape(-1, first.shape[2]).T @ ask.input_jets.reshape(-1, ask.inputs.shape[1])
        )
    weight = np.asarray(first[0].T @ ask.inputs)
    for j, place in enumerate(ask.set.units.tolist()):
        if place >= 0:
            weight[:, j] += ask.network.scale[j] * first[place].sum(axis=0)
    return weight


def first_tangent(ask: JetRequest, weight: Floats, bias: Floats) -> Floats:
    """ż¹ along a direction of the first layer, (A, n, N_1)."""
    if ask.input_jets is not None:
        z = times(ask, ask.input_jets, weight.T)
        z[0] += bias
        return z
    z = ask.arena.empty(ask.set.size, len(ask.inputs), len(bias))
    z.fill(0.0)
    z[0] = ask.inputs @ weight.T + bias
    for j, place in enumerate(ask.set.units.tolist()):
        if place >= 0:
            z[place] = ask.network.scale[j] * weight[:, j]
    return z


def _tangent_jets(ask: JetRequest, layers: Layers, direction: Parameters) -> Floats:
    """Ṡ (slots, n) along a direction."""
    h = backward(ask, layers[0].slopes, first_tangent(ask, *direction.hidden[0]))
    for at in range(1, len(layers)):
        z = _tangent_layer(ask, at, layers[at - 1], h, direction)
        h = backward(ask, layers[at].slopes, z)
    along = replace(ask, parameters=direction)
    return read_out(ask, h, EVERY) + read_out(along, layers[-1].values, EVERY)


def _tangent_layer(ask: JetRequest, at: int, below: Layer, tangent: Floats, direction: Parameters) -> Floats:
    weight, (change, bias) = ask.parameters.hidden[at][0], direction.hidden[at]
    z = times(ask, tangent, weight.T)
    z += times(ask, below.values, change.T)
    z *= 1 / math.sqrt(weight.shape[1])
    z[0] += bias
    return z


def gradient_parameters(blocks: list[Floats], bias: Floats | None) -> Parameters:
    """Blocks in the order of :func:`gradient_blocks` as parameters."""
    depth = (len(blocks) - 1) // 2
    hidden = tuple((blocks[2 * k], blocks[2 * k + 1]) for k in range(depth))
    return Parameters(hidden, blocks[-1], bias)
