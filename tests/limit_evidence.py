"""Finite networks beside their limit law: the parts of THEORY §6, for tests and the benchmark study."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
from limit_statistics import energy_p_value, mean_p_value

import ntk_theory as nt
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.limit import LimitLaw, limit_law
from ntk_theory.model.assembly import fold_kernel, linearise, network_jets, row_kernel
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.operator import Operator

PROBLEMS = ("heat", "burgers", "kdv", "sine-gordon", "eikonal")
#: A different operator on the same slots, whose law must be rejected.
WRONG_OPERATOR = {
    "heat": "u_t - 2*u_xx/5",
    "burgers": "u_t + 2*u*u_x - u_xx/10",
    "kdv": "u_t + 3*u*u_x + u_xxx",
    "sine-gordon": "u_tt - u_xx + sin(2*u)",
    "eikonal": "u_x^2 + 2*u_y^2 - 1",
}
WRONG_ACTIVATION = "sigmoid"
S_OFFSET = 0.05


def network_for(problem, width, activation="tanh"):
    box = {v: tuple(map(float, problem.domain[v])) for v in problem.variables}
    return Network(problem.variables, problem.fields, width, activation=activation, input_map=box)


def replaced(problem, text):
    """The problem with another operator in its only equation."""
    (group,) = problem.equations
    operator = nt.parse(text, fields=problem.fields, variables=problem.variables)
    legs = (Operator(problem.space, operator.expression),)
    return dataclasses.replace(problem, equations=(dataclasses.replace(group, legs=legs),))


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """``size`` networks of one width on one problem, seeds ``start``…, and the laws to hold them against."""

    name: str
    width: int = 4096
    size: int = 500
    start: int = 0

    @cached_property
    def problem(self):
        return nt.zoo(self.name)

    @cached_property
    def network(self):
        return network_for(self.problem, self.width)

    @cached_property
    def points(self):
        return draw_points(self.problem, 2)

    @cached_property
    def law(self):
        return limit_law(self.problem, self.network, self.points)

    @cached_property
    def wrong_operator(self):
        return limit_law(replaced(self.problem, WRONG_OPERATOR[self.name]), self.network, self.points)

    @cached_property
    def wrong_activation(self):
        other = network_for(self.problem, self.width, WRONG_ACTIVATION)
        return limit_law(self.problem, other, self.points)

    @property
    def is_linear(self):
        return all(self.law.is_affine(group.name) for group in self.problem.groups)

    @cached_property
    def networks(self):
        """S_N (S, size, R) and T_N (size, S, R, S, R)."""
        rows, slots = self.law.rows.points, self.law.slots
        scaled = np.empty((len(slots), self.size, len(rows)))
        tangent = np.empty((self.size, len(slots), len(rows), len(slots), len(rows)))
        for k in range(self.size):
            parameters = self.network.init(self.start + k)
            scaled[:, k] = scaled_jets(self.network, parameters, rows, slots)
            tangent[k] = jet_ntk(self.network, parameters, rows, slots)
        return scaled, tangent

    def field_p_value(self, law: LimitLaw, seed=1):
        """(b): S_N against G."""
        drawn = law.sample_jets(self.size, 10**6 + seed)
        return energy_p_value(_rows(self.networks[0]), _rows(drawn), seed)

    def tangent_p_value(self, law: LimitLaw):
        """(c): the mean of T_N against T^∞, all entries."""
        size = len(law.slots) * len(law.place)
        upper = np.triu_indices(size)
        samples = self.networks[1].reshape(self.size, size, size)[:, upper[0], upper[1]]
        return mean_p_value(samples, law.jet_ntk.reshape(size, size)[upper])

    def assembled(self, law: LimitLaw, scaled, s, tangent=None):
        """K from scaled jets and T^∞ of ``law`` (or one T per network), upper triangle, (size, k)."""
        epsilon = self.width ** (0.5 - s)
        offsets = np.zeros((len(self.problem.fields), self.size))
        weights = linearise(law.rows, network_jets(law.rows, scaled, epsilon, offsets)).weights
        if tangent is None:
            kernels = row_kernel(law.rows, weights, law.jet_ntk, epsilon)
        else:
            kernels = np.stack(
                [row_kernel(law.rows, weights[:, k], tangent[k], epsilon) for k in range(self.size)]
            )
        kernels = fold_kernel(law.rows, kernels)
        upper = np.triu_indices(kernels.shape[-1])
        return kernels[:, upper[0], upper[1]]

    def kernel_p_value(self, law: LimitLaw, s, *, claimed=None, data: LimitLaw | None = None, seed=2):
        """(d): K from S_N and the T^∞ of ``data`` against ``law`` at ``claimed``; its mean if K is linear.

        ``data`` is the law that is true of F; its T^∞ is replaced by that of ``law``, so that only the
        fields decide where F is not linear. For a linear F the kernel of T_N is used instead, (c).
        """
        claimed = s if claimed is None else claimed
        data = law if data is None else data
        if self.is_linear:
            samples = self.assembled(data, self.networks[0], s, self.networks[1])
            kernel = law.deterministic(self.width ** (0.5 - claimed))
            return mean_p_value(samples, kernel[np.triu_indices(len(kernel))])
        # The operator of ``data`` with the T^∞ of ``law``: slots and rows are the same.
        mixed = LimitLaw(data.problem, data.network, data.rows, law.jets, data.place)
        drawn = law.sample_jets(self.size, 10**6 + seed)
        return energy_p_value(
            self.assembled(mixed, self.networks[0], s), self.assembled(law, drawn, claimed), seed
        )


def _rows(fields):
    """(S, size, R) as one row per network."""
    return np.moveaxis(fields, 0, 1).reshape(fields.shape[1], -1)
