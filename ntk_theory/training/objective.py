"""The loss of a problem at fixed points, L(θ) = ½ Σ_g λ_g Σ_x R_g(x)², with what training asks of it.

Sums, not means (THEORY §5): a mean over n_g points is λ_g = 2/n_g and rescales time. In the metric of the
parameters' ``layer_rates`` η (ones by default) gradient flow is θ' = −η ∘ ∇L and
R' = −KΛR with K = J diag(η) Jᵀ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator, eigsh

from ntk_theory.arrays import Floats
from ntk_theory.empirical.cost import Sizes, choose
from ntk_theory.empirical.gradient_and_kernel import gradient_and_kernel
from ntk_theory.empirical.jacobian import JacobianRows, residuals_and_jacobian
from ntk_theory.empirical.jet_ntk import contracted_ntk, jet_ntk
from ntk_theory.empirical.residuals import Linearised, Residuals
from ntk_theory.model.assembly import assemble, assemble_contracted, with_unknowns
from ntk_theory.model.blocks import Kernel
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.scaling import Scale
from ntk_theory.training.weighting import SCALED, Weights, group_weights, per_residual, rms_of_losses

#: Residuals up to which the largest eigenvalue comes from the whole kernel.
SMALL = 1000


@dataclass(frozen=True, eq=False)
class Objective:
    """Residuals R(θ) at fixed points and a weight λ for each; θ as one vector of P numbers.

    Attributes
    ----------
    residuals:
        The problem, the network and the points.
    template:
        Parameters that give the vector its shapes and its ``layer_rates``.
    group_weights:
        λ_g by group name, positive.
    scale:
        The sizes of outputs and groups, where the weights are ``scaled``.
    emphasis:
        How much each residual counts within its group, (n,) with mean 1 in every group; ``None``: all alike.
    relief:
        How much less residuals near singular points count, (n,) of at most 1; ``None`` where there are none.
    """

    residuals: Residuals
    template: Parameters
    group_weights: Mapping[str, float]
    scale: Scale | None = None
    emphasis: Floats | None = None
    relief: Floats | None = None

    @classmethod
    def of(
        cls,
        problem: Problem,
        network: Network,
        parameters: Parameters,
        points: Mapping[str, ArrayLike],
        weights: Weights = "sum",
        emphasis: Floats | None = None,
        sizes: Mapping[str, float] | None = None,
        scale: Scale | None = None,
    ) -> Objective:
        """Lower the problem, check points and weights (see :func:`group_weights`).

        ``sizes`` of the outputs, where they are known, are those of the scale; ``scale`` is a known one.
        """
        network.check(parameters)
        residuals = Residuals.of(problem, network, points)
        groups = residuals.rows.groups
        scale = Scale.of(problem, residuals, sizes) if weights == SCALED else scale
        relief = None if scale is None else scale.relief(problem, residuals)
        bare = cls(residuals, parameters, group_weights(groups, "sum"), scale, emphasis, relief)
        sizes = None if scale is None else scale.groups
        found = group_weights(groups, weights, lambda: bare.kernel(parameters.flatten()), sizes)
        return replace(bare, group_weights=found)

    @property
    def begun(self) -> Objective:
        """The same with outputs of the problem's size at the start: weights and bias in units of U_i."""
        if self.scale is None:
            return self
        return replace(self, template=self.template.replaced(self.template.flatten() * self._units))

    @property
    def network(self) -> Network:
        """The network."""
        return self.residuals.network

    @property
    def size(self) -> int:
        """n, the number of residuals."""
        return self.residuals.size

    @cached_property
    def weights(self) -> Floats:
        """λ per residual, (n,); within data in proportion to 1/σ²."""
        rows = self.residuals.rows
        weights = per_residual(rows.groups, self.group_weights) * rows.precision
        weights = weights if self.emphasis is None else weights * self.emphasis
        return weights if self.relief is None else weights * self.relief

    @cached_property
    def rates(self) -> Floats:
        """η per parameter, (P,)."""
        pairs = zip(self.template.rates, self.template.blocks(), strict=True)
        return np.concatenate([np.full(block.size, rate) for rate, block in pairs])

    @cached_property
    def metric(self) -> Floats:
        """η per parameter with the readout and the output bias in units of U_i: η_i U_i², (P,)."""
        return np.asarray(self.rates * self._units**2)

    @property
    def prior(self) -> Floats:
        """The standard deviation with which each parameter starts, (P,): U_i for output i's, else 1."""
        return self._units

    @cached_property
    def _units(self) -> Floats:
        """U_i for readout and output bias of output i, 1 for all other parameters, (P,)."""
        units = np.ones(self.template.size)
        if self.scale is None:
            return units
        own = np.array([self.scale.outputs[name] for name in self.network.fields])
        at = sum(weight.size + bias.size for weight, bias in self.template.hidden)
        last = [np.repeat(own, self.template.readout.shape[1])]
        ending = np.concatenate(last if self.template.output_bias is None else [*last, own])
        units[at : at + len(ending)] = ending
        return units

    def parameters(self, vector: Floats) -> Parameters:
        """θ as arrays."""
        return self.template.replaced(vector)

    def at(self, vector: Floats) -> Linearised:
        """Values, gradients by the jets and products with J at θ."""
        return self.residuals.at(self.parameters(vector))

    def values(self, vector: Floats) -> Floats:
        """R(θ), (n,)."""
        return self.at(vector).values

    def gradient(self, vector: Floats) -> tuple[Floats, Floats]:
        """R (n,) and ∇L = JᵀΛR (P,), by one backward pass."""
        here = self.at(vector)
        return here.values, here.vjp(self.weights * here.values).flatten()

    def jacobian(self, vector: Floats) -> tuple[Floats, Floats]:
        """R (n,) and the dense J (n, P)."""
        return residuals_and_jacobian(self.residuals, self.parameters(vector))

    def gradient_and_kernel(self, vector: Floats) -> tuple[Floats, Floats, Kernel]:
        """R, ∇L and K(θ), from one backward pass where contracted seeds are the cheaper way to K."""
        here = self.at(vector)
        way = choose(Sizes.of(here.ask), "auto", None)
        plain = self.template.unknowns is None
        if plain and way.contracted and way.keeps and len(self.network.widths) > 1:
            return gradient_and_kernel(self.residuals, here.ask, way, self.weights)
        values = here.values
        return values, here.vjp(self.weights * values).flatten(), self._kernel(here)

    def kernel(self, vector: Floats) -> Kernel:
        """K(θ) in named blocks, by the cheaper of jet NTK and contracted seeds."""
        return self._kernel(self.at(vector))

    def largest_eigenvalue(self, vector: Floats) -> float:
        """λ_max of Λ^{1/2} K Λ^{1/2} at θ: the fastest rate of the flow R' = −KΛR.

        From K itself up to :data:`SMALL` residuals; from products w ↦ Λ^{1/2} J η Jᵀ Λ^{1/2} w beyond, by
        Lanczos to a relative 1e-10 from a fixed start, so that the answer is the same every time.
        """
        root = np.sqrt(self.weights)
        if len(root) <= SMALL:
            matrix = root[:, None] * self.kernel(vector).matrix * root
            return float(max(np.linalg.eigvalsh(matrix)[-1], np.finfo(np.float64).tiny))
        here, rates = self.at(vector), self.rates

        def product(w: Floats) -> Floats:
            along = rates * here.vjp(root * w.ravel()).flatten()
            return np.asarray(root * here.jvp(self.parameters(along)))

        n = len(root)
        operator = LinearOperator((n, n), matvec=product, dtype=np.float64)
        start = np.cos(np.arange(n))
        if not np.linalg.norm(product(start)) > 0:
            return float(np.finfo(np.float64).tiny)
        return float(eigsh(operator, 1, which="LA", v0=start, tol=1e-10, return_eigenvectors=False)[0])

    def _kernel(self, here: Linearised) -> Kernel:
        rows, weights = self.residuals.rows, here.linearisation.weights
        ask, network, parameters = here.ask, self.network, here.ask.parameters
        if ask.far is not None:  # the jet NTK is that of one side
            J = np.empty((self.size, parameters.size))
            JacobianRows.of(here).fill(0, self.size, J)
            return Kernel((J * self.rates) @ J.T, rows.groups)
        rate = parameters.output_bias_rate
        if choose(Sizes.of(ask), "auto", None).contracted:
            block = contracted_ntk(network, parameters, rows.points, rows.slots, weights)
            kernel = assemble_contracted(rows, weights, block, network.epsilon, rate)
        else:
            full = jet_ntk(network, parameters, rows.points, rows.slots)
            kernel = assemble(rows, weights, full, network.epsilon, rate)
        return with_unknowns(kernel, rows, here.linearisation)

    def loss(self, values: Floats) -> float:
        """L from R."""
        return 0.5 * float(np.sum(self.weights * values**2))

    def group_losses(self, values: Floats) -> dict[str, float]:
        """½ λ_g Σ_x R_g² by group; they add up to L."""
        terms = 0.5 * self.weights * values**2
        parts, at = {}, 0
        for group in self.residuals.rows.groups:
            parts[group.name] = float(terms[at : at + group.size].sum())
            at += group.size
        return parts

    def rms(self, values: Floats) -> dict[str, float]:
        """√(Σ w R²/n_g) by group from R, w the ``emphasis``."""
        sizes = {group.name: group.size for group in self.residuals.rows.groups}
        return rms_of_losses(self.group_losses(values), self.group_weights, sizes)

    def worst_group(self, values: Floats) -> str:
        """The group with the largest share of the loss (or with a value that is not finite)."""
        losses = self.group_losses(values)
        return max(losses, key=lambda name: losses[name] if np.isfinite(losses[name]) else np.inf)

    def gradient_sup(self, vector: Floats) -> dict[str, float]:
        """Largest |F_α| by group, over its points and slots: assumption (ii) of Theorem 2.3."""
        rows = self.residuals.rows
        weights = np.abs(self.at(vector).linearisation.weights)
        found = {group.name: 0.0 for group in rows.groups}
        for leg in rows.legs:
            name = rows.groups[leg.group].name
            if leg.slots:
                found[name] = max(found[name], float(weights[list(leg.slots), leg.rows].max()))
        return found
