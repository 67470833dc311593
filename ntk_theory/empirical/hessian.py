"""Second derivatives of the residuals by the parameters, as products with vectors (THEORY §10) [D].

With w_α = F_α and M_{αβ} = F_{αβ} at the jets of a point, and u̇ = J_u v the tangent of the jets along v,

    ∇²R v = J_uᵀ (M u̇)  +  Σ_α w_α ∇²u_α v.

∇²u_α v is the gradient of the number d/dτ u_α(θ + τv). θ + τv makes the network's jets truncated polynomials
in one variable more: in Taylor coefficients by (x, τ), τ² = 0,

    forward   z¹_{(γ,0)} = W¹x̃ + b¹,  z¹_{(γ,1)} = Ẇ¹x̃ + ḃ¹;   zˡ⁺¹_{(γ,0)} = Wh_{(γ,0)}/√N + b,
              zˡ⁺¹_{(γ,1)} = (Wh_{(γ,1)} + Ẇh_{(γ,0)})/√N + ḃ,   h = φ(z) by the same composition
    seeds     of Σ_α w_α u̇_α + Σ_α ẇ_α u_α by h_{(α,1)} and h_{(α,0)},  ẇ = M u̇ held fixed
    backward  by the same adjoint: D_{(γ,τ)} the derivatives by z_{(γ,τ)};  to the layer below
              WᵀD_{(γ,1)} at τ = 1 and WᵀD_{(γ,0)} + ẆᵀD_{(γ,1)} at τ = 0
    blocks    ∂/∂Wˡ = Σ_{γ,τ} D_{(γ,τ)} ⊗ h_{(γ,τ)}/√N,   ∂/∂bˡ = D_{(0,0)}

so that a product costs about three passes and needs no differentiation but that of the jets' kernels. φ
needs one derivative more than for the kernel.

Norms are spectral; extreme eigenvalues come from Lanczos' method (``scipy.sparse.linalg.eigsh``). Rates of
the layers are not applied: the matrix is that of the bare parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from ntk_theory.arrays import Floats, Ints
from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.empirical.propagate import Layer, pull_back, times
from ntk_theory.empirical.propagate import composed as compose
from ntk_theory.empirical.residuals import (
    Linearised,
    Residuals,
    first_tangent,
    first_weight,
    gradient_parameters,
    per_row,
)
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.kernels.multiindex import IndexSet, closure
from ntk_theory.model.lowering import second_derivatives
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.model.program import Program
from ntk_theory.resources import require_memory
from ntk_theory.setting.activations import require_smooth
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: Points of one pass.
PIECE = 256
#: Up to so many parameters the matrix itself is made.
DENSE = 64
#: Relative accuracy of extreme eigenvalues, and the iterations that Lanczos may take.
ACCURACY, ITERATIONS = 1e-10, 3000
#: Vectors that Lanczos' method keeps, and those of a product.
LANCZOS_VECTORS = 40


@dataclass(frozen=True, eq=False)
class _Along(JetRequest):
    """A request whose index set has one variable more: τ, of order at most 1."""

    @cached_property
    def set(self) -> IndexSet:
        """{(γ, 0), (γ, 1)} for all γ below the slots."""
        return closure(((*slot.index, 1) for slot in self.slots), len(self.network.variables) + 1)

    def places(self, base: IndexSet, tau: int) -> Ints:
        """Where (γ, τ) stands for all γ of the set without τ."""
        return np.array([self.set.position[(*index, tau)] for index in base.indices], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Curvature:
    """Σ_k v_k ∇²R_k at one θ, as products with directions in parameter space."""

    here: Linearised
    programs: tuple[Program, ...]

    @classmethod
    def of(
        cls,
        problem: Problem,
        network: Network,
        parameters: Parameters,
        points: Mapping[str, ArrayLike],
        groups: str | Iterable[str] | None = None,
    ) -> Curvature:
        """At θ, for all residuals of some groups at their points.

        Raises
        ------
        SmoothnessError
            φ has too few derivatives: one more is needed than for the kernel.
        """
        residuals = Residuals.of(problem, network, points, groups)
        require_smooth(network.phi, max((s.order for s in residuals.rows.slots), default=0), extra=2)
        second = second_derivatives(problem)
        programs = tuple(p for group in residuals.rows.groups for p in second[group.name])
        here = residuals.at(parameters)
        if here.ask.far is not None:
            raise InputError(
                f"points lie beyond the mirror of a network that is {network.folding}; second derivatives "
                "need points on its side"
            )
        return cls(here, programs)

    @property
    def parameters(self) -> Parameters:
        """θ."""
        return self.here.ask.parameters

    def matrix(self) -> Floats:
        """M = (F_{αβ}) at the only point, (S, S) over the slots.

        Raises
        ------
        InputError
            There are several points, or several legs.
        """
        rows = self.here.residuals.rows
        if len(rows.points) != 1:
            raise InputError(f"M belongs to one point; there are {len(rows.points)}")
        unit = np.eye(len(rows.slots))
        none = np.zeros(len(rows.unknowns))
        columns = [self._changed(slice(0, 1), column[:, None], none)[: len(unit), 0] for column in unit]
        return np.stack(columns, axis=1)

    def product(self, cotangent: ArrayLike, direction: Parameters) -> Parameters:
        """Σ_k v_k ∇²R_k θ̇ for v of shape (n,)."""
        here, network = self.here, self.here.ask.network
        network.check(direction)
        v = np.asarray(cotangent, dtype=np.float64)
        if v.shape != (here.residuals.size,):
            raise InputError(
                f"cotangent has shape {v.shape}; it needs ({here.residuals.size},), one per residual"
            )
        total: list[Floats] = []
        bias = None if self.parameters.output_bias is None else np.zeros(len(network.fields))
        unknowns = None if self.parameters.unknowns is None else np.zeros(len(self.parameters.unknowns))
        factors = per_row(here.residuals, v)
        for start in range(0, len(here.ask.points), PIECE):
            part = slice(start, start + PIECE)
            blocks, change = self._piece(part, factors[part], direction)
            total = blocks if not total else [a + b for a, b in zip(total, blocks, strict=True)]
            if bias is not None:
                for slot in here.residuals.rows.value_slots:
                    bias[here.ask.outputs[slot]] += change[slot].sum()
            if unknowns is not None:
                unknowns += change[len(here.ask.slots) :].sum(axis=1)
        found = gradient_parameters([network.epsilon * block for block in total], bias)
        return found if unknowns is None else found.with_unknowns(unknowns)

    def _piece(self, part: slice, factors: Floats, direction: Parameters) -> tuple[list[Floats], Floats]:
        """The blocks (without ε) from some points, and ẇ of their slots and unknowns, (S + K, n)."""
        base = self.here.ask.rows(part.start, part.stop)
        ask = _Along(base.network, base.parameters, base.points, base.inputs, base.slots)
        flat, steep = ask.places(base.set, 0), ask.places(base.set, 1)
        layers = _forward(base, ask, flat, steep, direction)
        top = layers[-1].values
        scale = 1 / math.sqrt(base.network.widths[-1])
        readout, turned = base.parameters.readout, direction.readout
        own = (base.positions, slice(None), base.outputs)
        tangent = (top[steep] @ readout.T + top[flat] @ turned.T)[own] * (scale * base.factorials[:, None])
        tangent *= base.network.epsilon
        if direction.output_bias is not None:
            for slot in self.here.residuals.rows.value_slots:
                tangent[slot] += direction.output_bias[base.outputs[slot]]
        change = factors * self._changed(part, tangent, direction.unknowns)
        weights = factors * self.here.linearisation.weights[:, part]

        # Seeds by coefficient and output: of u̇ at τ = 1, of u at τ = 0.
        held, moved = (np.zeros((base.set.size, len(base.points), len(readout))) for _ in range(2))
        for slot, (place, output) in enumerate(zip(base.positions, base.outputs, strict=True)):
            held[place, :, output] += base.factorials[slot] * weights[slot]
            moved[place, :, output] += base.factorials[slot] * change[slot]
        g = np.empty_like(top)
        g[steep] = held @ (readout * scale)
        g[flat] = moved @ (readout * scale) + held @ (turned * scale)
        last = np.einsum("anm,anN->mN", held, top[steep]) + np.einsum("anm,anN->mN", moved, top[flat])
        blocks = [last * scale]
        for at in range(len(layers) - 1, -1, -1):
            delta = pull_back(ask, layers[at].slopes, g)
            if at == 0:
                blocks = [first_weight(base, delta[flat]), delta[0].sum(axis=0), *blocks]
                break
            weight, (turn, _) = base.parameters.hidden[at][0], direction.hidden[at]
            below = layers[at - 1].values
            factor = 1 / math.sqrt(weight.shape[1])
            flat_delta = delta.reshape(-1, delta.shape[2])
            own_block = flat_delta.T @ below.reshape(-1, below.shape[2]) * factor
            blocks = [own_block, delta[0].sum(axis=0), *blocks]
            g = times(ask, delta, weight)
            g[flat] += delta[steep] @ turn
            g *= factor
        ask.arena.release()
        return blocks, change

    def _changed(self, part: slice, tangent: Floats, unknowns: Floats | None) -> Floats:
        """M u̇ (S + K, n) of the rows of a piece; in the problem's slot order, then by the unknowns."""
        rows = self.here.residuals.rows
        jets = self.here.jets
        K = len(rows.unknowns)
        S, n = len(rows.slots), tangent.shape[1]
        found = np.zeros((S + K, n))
        moved = np.zeros(K) if unknowns is None else unknowns
        for leg, program in zip(rows.legs, self.programs, strict=True):
            low, high = max(leg.start, part.start), min(leg.stop, part.start + n)
            if low >= high:
                continue
            at = slice(low - part.start, high - part.start)
            own = [*leg.slots, *range(S, S + K)]
            inputs = [
                *rows.points[low:high].T,
                *jets[list(leg.slots), low:high],
                *map(np.float64, rows.unknowns),
            ]
            second = iter(program.run(inputs))
            along = [*tangent[list(leg.slots), at], *(np.full(high - low, x) for x in moved)]
            for i, a in enumerate(own):
                for j, b in enumerate(own[i:], start=i):
                    entry = next(second)
                    if not np.isfinite(entry).all():
                        raise NonFiniteError(
                            f"group {rows.groups[leg.group].name!r}: a second derivative of its residual is "
                            "not finite; change the points or the parameters"
                        )
                    found[a, at] += entry * along[j]
                    if a != b:
                        found[b, at] += entry * along[i]
        return found


def _forward(base: JetRequest, ask: _Along, flat: Ints, steep: Ints, direction: Parameters) -> list[Layer]:
    """The hidden layers at θ + τθ̇, in coefficients by (x, τ)."""
    z = np.zeros((ask.set.size, len(base.points), len(base.parameters.hidden[0][1])))
    z[flat] = first_tangent(base, *base.parameters.hidden[0])
    z[steep] = first_tangent(base, *direction.hidden[0])
    layers = [compose(ask, z, np.zeros(z.shape[2]), 1.0)]
    for (weight, bias), (turn, shift) in zip(base.parameters.hidden[1:], direction.hidden[1:], strict=True):
        below = layers[-1].values
        z = times(ask, below, weight.T)
        z[steep] += below[flat] @ turn.T
        z *= 1 / math.sqrt(weight.shape[1])
        z[steep[0]] += shift
        layers.append(compose(ask, z, bias, 1.0))
    return layers


@dataclass(frozen=True)
class Extremes:
    """The least and the largest eigenvalue of a symmetric matrix."""

    low: float
    high: float

    @property
    def norm(self) -> float:
        """The spectral norm, max(|low|, |high|)."""
        return max(abs(self.low), abs(self.high))


class SymmetricOperator(LinearOperator):  # type: ignore[misc]  # SciPy has no types
    """A symmetric matrix (P, P) known by its products; ``extremes`` are its outermost eigenvalues."""

    def __init__(self, size: int) -> None:
        super().__init__(np.dtype(np.float64), (size, size))

    def _adjoint(self) -> SymmetricOperator:
        return self

    def extremes(self, seed: int = 0, accuracy: float = ACCURACY) -> Extremes:
        """The outermost eigenvalues, to a relative ``accuracy`` of the larger.

        Lanczos' method with implicit restarts from a random vector of the seed; up to 64 parameters the
        matrix itself.

        Raises
        ------
        NonFiniteError
            The method has not converged.
        """
        size = self.shape[0]
        if size <= DENSE:
            values = np.linalg.eigvalsh(self @ np.eye(size))
            return Extremes(float(values[0]), float(values[-1]))
        start = np.random.default_rng(seed).standard_normal(size)
        if not np.any(self @ start):
            return Extremes(0.0, 0.0)
        try:
            values = eigsh(
                self, k=2, which="BE", v0=start, tol=accuracy, maxiter=ITERATIONS, return_eigenvectors=False
            )
        except ArpackNoConvergence as cause:
            raise NonFiniteError(
                f"the extreme eigenvalues have not converged after {ITERATIONS} restarts of Lanczos' method"
            ) from cause
        return Extremes(float(values.min()), float(values.max()))


class ResidualHessian(SymmetricOperator):
    """∇²R of one residual, (P, P), entries in the order of ``Parameters.flatten``."""

    def __init__(self, curvature: Curvature, index: int) -> None:
        super().__init__(curvature.parameters.size)
        self.curvature = curvature
        self._cotangent = np.zeros(curvature.here.residuals.size)
        self._cotangent[index] = 1.0

    def _matvec(self, vector: Floats) -> Floats:
        direction = self.curvature.parameters.replaced(np.ravel(vector))
        return self.curvature.product(self._cotangent, direction).flatten()


class LossHessian(SymmetricOperator):
    """∇²L = JᵀΛJ + Σ_k λ_k R_k ∇²R_k of the loss ½ Σ λR² (sums over points)."""

    def __init__(self, curvature: Curvature, weights: ArrayLike = 1.0) -> None:
        super().__init__(curvature.parameters.size)
        here = curvature.here
        self.curvature = curvature
        self._weights = np.broadcast_to(np.asarray(weights, dtype=np.float64), (here.residuals.size,))

    def _matvec(self, vector: Floats) -> Floats:
        here = self.curvature.here
        direction = self.curvature.parameters.replaced(np.ravel(vector))
        first = here.vjp(self._weights * here.jvp(direction)).flatten()
        return first + self.curvature.product(self._weights * here.values, direction).flatten()


def hessian(
    problem: Problem | Operator | str,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike] | None = None,
    *,
    groups: str | Iterable[str] | None = None,
) -> dict[str, tuple[ResidualHessian, ...]]:
    """∇²R_g(x) by all parameters, for every residual: a SciPy ``LinearOperator`` (P, P) for each point.

    Parameters
    ----------
    problem, network, parameters, groups:
        As for :func:`~ntk_theory.empirical.residuals.residuals`.
    points:
        Group → (n, d), or (n, k, d) for k legs; omitted: one per group, drawn with seed 0.

    Returns
    -------
    dict
        Group name → one operator per point, with ``H @ v`` and ``H.extremes()``.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.

    >>> network = Network(("x", "t"), ("u",), width=8)
    >>> (H,) = hessian("u*u_x + u_t", network, network.init(0), groups="f")["f"]
    >>> H.shape, H.extremes().low < 0 < H.extremes().high
    ((33, 33), True)
    """
    asked = as_problem(problem)
    given = draw_points(asked, 1, groups=groups) if points is None else points
    require_memory(
        8 * LANCZOS_VECTORS * parameters.size, "the vectors of Lanczos' method", "choose a narrower network"
    )
    rows = Residuals.of(asked, network, given, groups).rows
    found: dict[str, tuple[ResidualHessian, ...]] = {}
    for number, group in enumerate(rows.groups):
        starts = [leg.start for leg in rows.legs if leg.group == number]
        places = [
            np.squeeze(rows.points[[start + k for start in starts]], axis=0)
            if len(starts) == 1
            else rows.points[[start + k for start in starts]]
            for k in range(group.size)
        ]
        found[group.name] = tuple(
            ResidualHessian(
                Curvature.of(asked, network, parameters, {group.name: place[None]}, group.name), 0
            )
            for place in places
        )
    return found
