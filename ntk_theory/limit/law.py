"""The limit law of a problem's kernel: its distribution at infinite width for every ε = N^{1/2−s}.

With G the Gaussian field of covariance Σ and T the deterministic jet NTK (``limit.recursion``),

    u^i_α = ε G^i_α + δ_{α0} c^i,
    K^{gh} = ε² Σ F^g_{iα} F^h_{iβ}' T_αβ + η_c Σ_i F^g_{i0} F^h_{i0}' + Σ_k ∂_kR^g ∂_kR^h'   (THEORY §3, §9)
where N and s enter through ε alone; what is left out are the finite-width effects on S and T. Distinct
fields are independent with the same Σ and T.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats, Places
from ntk_theory.errors import InputError, ResourceError
from ntk_theory.limit import fixed
from ntk_theory.limit.cost import MEMORY_LIMIT
from ntk_theory.limit.law_at import LawAt
from ntk_theory.limit.recursion import InfiniteJets, first_layer, infinite_jets
from ntk_theory.limit.sampling import KernelSample, gaussian_factor
from ntk_theory.limit.wick import mean_outer, mean_products
from ntk_theory.model.assembly import (
    Linearisation,
    Rows,
    add_trained,
    fold_kernel,
    linearise,
    network_jets,
    row_kernel,
    stack_rows,
    with_unknowns,
)
from ntk_theory.model.blocks import Kernel
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network, check_match
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.resources import allowed_memory
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind, fraction
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: Samples that are assembled together.
BATCH = 32


def limit_law(
    problem: Problem | Operator | str,
    network: Network,
    points: Mapping[str, ArrayLike] | None = None,
    *,
    rtol: float = 1e-8,
    memory_limit: float | None = None,
    time_limit: float | None = None,
) -> LimitLaw:
    """The law of the kernel of ``problem`` for infinitely wide networks shaped like ``network``.

    Parameters
    ----------
    problem:
        A problem, operator, zoo name or expression.
    network:
        Gives variables, fields, depth, activation, output bias, input map and features; its widths and s
        do not matter here.
    points:
        Group → (n, d), or (n, k, d) for k legs; omitted: 16 per group, drawn with seed 0.
    rtol:
        Accuracy asked of Σ and T, see :attr:`LimitLaw.accuracy`.
    memory_limit, time_limit:
        Bytes (default 4 GiB, or what the process may take), seconds; a larger estimate is refused at once.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        Its estimated memory or time exceeds the limit.

    >>> law = limit_law("u_t - u_xx", Network(("x", "t"), ("u",), width=8, activation="erf"))
    >>> law.jet_ntk.shape, law.accuracy
    ((3, 32, 3, 32), 0.0)
    """
    problem = as_problem(problem)
    check_match(problem, network)
    chosen = draw_points(problem) if points is None else check_points(problem, points)
    rows = stack_rows(lower_problem(problem, trained=True), chosen)
    unique, place = np.unique(rows.points, axis=0, return_inverse=True)
    indices = tuple(dict.fromkeys(slot.index for slot in rows.slots))
    full = 8 * 2 * (len(rows.slots) * len(rows.points)) ** 2
    allowed = allowed_memory(memory_limit, most=MEMORY_LIMIT)
    if full > allowed:
        raise ResourceError(
            f"Σ and T of {len(rows.slots)} slots at {len(rows.points)} rows need {full / 2**30:.1f} GiB, "
            f"above memory_limit = {allowed / 2**30:.1f} GiB; use fewer points, or raise memory_limit"
        )
    jets = infinite_jets(
        network.activation,
        len(network.widths),
        unique,
        indices,
        rtol=rtol,
        **first_layer(network),
        memory_limit=memory_limit,
        time_limit=time_limit,
    )
    return LimitLaw(problem, network, rows, jets, place.reshape(-1))


@dataclass(frozen=True, eq=False, repr=False)
class LimitLaw(Shown):
    """The law of K at infinite width; make it with :func:`limit_law`.

    Attributes
    ----------
    rows:
        The stacked points of all legs of all groups; R of them.
    jets:
        Σ and T of one output at the distinct points and multi-indices.
    place:
        Which distinct point each row is, (R,).
    """

    problem: Problem
    network: Network
    rows: Rows
    jets: InfiniteJets
    place: Places

    def brief(self) -> Brief:
        """Whose law it is, at how many rows and slots, how accurate."""
        network, names = self.network, [self.problem.space.name(slot) for slot in self.slots]
        layers = f"depth {len(network.widths)}, {network.activation}, output bias {network.output_bias}"
        how = "closed form" if self.accuracy == 0 else f"accurate to {self.accuracy:.1g}"
        title = self.problem.title or self.problem.name or "operator"
        return Brief(
            f"limit law of {title} ({layers})",
            notes=(f"Σ and T of {', '.join(names)} at {len(self.rows.points)} rows: {how}",),
        )

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots (field, multi-index) of ``covariance`` and ``jet_ntk``, S of them."""
        return self.rows.slots

    @property
    def accuracy(self) -> float:
        """The largest error estimate of Σ and T, in units of √(diagonal × diagonal); 0: closed form."""
        return self.jets.accuracy

    @cached_property
    def covariance(self) -> Floats:
        """Σ of G between slots and rows, (S, R, S, R); 0 between distinct fields."""
        return self._spread(self.jets.covariance)

    @cached_property
    def jet_ntk(self) -> Floats:
        """T^∞ between slots and rows, (S, R, S, R); 0 between distinct fields."""
        return self._spread(self.jets.jet_ntk)

    def _spread(self, single: Floats) -> Floats:
        at = np.array([self.jets.indices.index(slot.index) for slot in self.slots])
        out = single[np.ix_(at, self.place, at, self.place)]
        names = np.array([slot.field for slot in self.slots])
        out *= (names[:, None] == names)[:, None, :, None]
        return np.ascontiguousarray(out)

    @cached_property
    def _factor(self) -> Floats:
        return gaussian_factor(self.jets.covariance)

    def sample_jets(self, size: int, seed: int) -> Floats:
        """Draw ``size`` fields G jointly over all slots and rows, (S, size, R)."""
        if isinstance(size, bool) or int(size) != size or size < 1:
            raise InputError(f"size is {size!r}; it needs a positive integer")
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        normals = rng.standard_normal((len(self.network.fields), int(size), self._factor.shape[2]))
        out = np.empty((len(self.slots), int(size), len(self.place)))
        for k, slot in enumerate(self.slots):
            factor = self._factor[self.jets.indices.index(slot.index)]
            out[k] = (normals[self.network.fields.index(slot.field)] @ factor.T)[:, self.place]
        return out

    def sample(self, epsilon: float, size: int, seed: int, *, bias: ArrayLike | None = None) -> KernelSample:
        """Draw ``size`` kernels at ε, independent and identically distributed.

        ``bias`` (m,) conditions on the output bias c; by default c is as the network starts: a
        constant, or N(0, 1) anew in every draw.

        Raises
        ------
        NonFiniteError
            F or some F_α is undefined or overflows in a draw; the message names group and point.
        """
        epsilon = _positive(epsilon)
        fields = self.sample_jets(size, seed)
        offsets = self._offsets(int(size), seed, bias)
        matrix = np.empty((int(size), *self._template.matrix.shape))
        for start in range(0, int(size), BATCH):
            part = slice(start, start + BATCH)
            jets = network_jets(self.rows, fields[:, part], epsilon, offsets[:, part])
            here = linearise(self.rows, jets)
            hidden = fold_kernel(self.rows, row_kernel(self.rows, here.weights, self.jet_ntk, epsilon, 0.0))
            matrix[part] = add_trained(hidden, self.rows, here, self._bias_rate)
        return KernelSample(matrix, self.rows.groups)

    def mean(self, epsilon: float, *, bias: ArrayLike | None = None) -> Kernel:
        """E K at ε, exactly, by Isserlis' theorem; ``bias`` as for :meth:`sample`.

        For operators that are polynomial in the jets, with factors exp, sin, cos, sinh, cosh of linear
        forms. Any other mean may be infinite (E|G|^{−1} for F = |u|^{1/2}) and is refused: take
        quantiles of :meth:`sample`.

        Raises
        ------
        InputError
            naming the term for which the mean is not known to exist.
        """
        epsilon = _positive(epsilon)
        random_bias = self.network.bias.is_random and bias is None
        names = np.array([slot.field if slot.is_value else "" for slot in self.slots])
        values = ((names[:, None] == names) & (names[:, None] != ""))[:, None, :, None]
        covariance = epsilon**2 * self.covariance + (values if random_bias else 0.0)
        mean = (
            network_jets(
                self.rows, np.zeros((len(self.slots), len(self.place))), 1.0, self._offsets(1, 0, bias)[:, 0]
            )
            if not random_bias
            else np.zeros((len(self.slots), len(self.place)))
        )
        weight = epsilon**2 * self.jet_ntk + self._bias_rate * values
        matrix = mean_products(self._gradients(), self.rows, covariance, mean, weight)
        for name in self.problem.unknowns:
            matrix += mean_outer(fixed.slopes_of(self.problem, name), self.rows, covariance, mean)
        return self._kernel(matrix, {"epsilon": epsilon, "quantity": "mean"})

    def deterministic(self, epsilon: float, key: str | None = None) -> Floats:
        """K^{gh} at ε where it is not random: both groups affine in the jets, see :meth:`is_fixed`.

        ``key`` is a pair of groups as for :class:`Kernel` ("b,f"); omitted, all groups must be affine.

        Raises
        ------
        InputError
            naming a group that is not affine, or saying that an unknown makes the kernel random.
        """
        names = self._members(key)
        for group in self.problem.groups:
            if group.name in names and not self.is_affine(group.name):
                raise InputError(
                    f"group {group.name!r} is not affine in the jets: its kernel is random; use sample()"
                )
        if not self.is_fixed(key):
            raise InputError("the derivative by an unknown holds jets: this kernel is random; use sample()")
        constant = np.zeros((len(self.slots), len(self.place)))
        # Weights of the other groups are not used, but must be finite: take them as 0.
        kernel = self._at(constant, names, self.jet_ntk, _positive(epsilon), {"epsilon": float(epsilon)})
        return kernel.matrix if key is None else kernel[key]

    def rescaled(self, *, bias: ArrayLike | None = None) -> Kernel:
        """The hidden part of lim N^{2s−1} K for s > 1/2: Σ F_α(c) F_β(c)' T_αβ at constant u ≡ c.

        It is the kernel of the operator linearised at c (default: where c starts). The limit itself is this
        where output bias and unknowns contribute at a lower order; where their term is of the same order
        (KdV) the limit stays random (THEORY §3).
        """
        weights = self._linearised(self._constant(bias), None).weights
        return self._kernel(fold_kernel(self.rows, row_kernel(self.rows, weights, self.jet_ntk, 1.0, 0.0)))

    def frozen(self, *, bias: ArrayLike | None = None) -> Kernel:
        """The limit of K for s > 1/2 where every F_α is continuous at u ≡ c: η_c Σ_i F_{i0}(c) F_{i0}(c)'.

        An unknown adds ∂R/∂π(c) ∂R/∂π(c)'.
        """
        return self._at(self._constant(bias), None, np.zeros_like(self.jet_ntk), 1.0)

    def at(self, width: int, s: Fraction | str | int | float) -> LawAt:
        """The law at ε = N^{1/2−s}, N the width of the last hidden layer."""
        if isinstance(width, bool) or int(width) != width or width < 1:
            raise InputError(f"width is {width!r}; it needs a positive integer")
        self.network.check_width(int(width))
        return LawAt(self, int(width), fraction(s))

    def is_affine(self, name: str) -> bool:
        """Is every F_α of this group free of the jets?"""
        return fixed.is_affine(self.problem, name)

    def is_fixed(self, key: str | None = None) -> bool:
        """Is this block (default: the kernel) one number at infinite width, for every network?"""
        sides = (None, None) if key is None else self._template.pair(key)
        return fixed.is_fixed(self.problem, *(self._groups_of(side) for side in sides))

    @property
    def _bias_rate(self) -> float:
        return float(self.network.bias.is_trained)

    @cached_property
    def _template(self) -> Kernel:
        n = sum(group.size for group in self.rows.groups)
        return Kernel(np.zeros((n, n)), self.rows.groups)

    def _members(self, key: str | None) -> set[str]:
        sides = (None,) if key is None else self._template.pair(key)
        return {name for side in sides for name in self._groups_of(side)}

    def _groups_of(self, name: str | None) -> set[str]:
        """The groups of a name, which may be a union; ``None``: all."""
        if name is None:
            return set(self._template.names)
        labels = np.repeat(self._template.names, [group.size for group in self.rows.groups])
        return {str(labels[row]) for row in self._template.rows(name)}

    def _offsets(self, size: int, seed: int, bias: ArrayLike | None) -> Floats:
        """The output bias per field and draw, (m, size)."""
        fields = len(self.network.fields)
        if bias is not None:
            given = np.asarray(bias, dtype=np.float64).reshape(-1)
            if given.shape != (fields,) or not np.isfinite(given).all():
                raise InputError(f"bias is {bias!r}; it needs one finite number per field ({fields})")
            name = self.network.output_bias
            if given.any() and not self.network.bias.is_trained:
                raise InputError(f"bias is not 0, but the network has output_bias={name!r}; leave it out")
            return np.repeat(given[:, None], size, axis=1)
        start = self.network.bias.start
        if start is None:
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
            return rng.standard_normal((fields, size))
        return np.full((fields, size), float(start))

    def _constant(self, bias: ArrayLike | None) -> Floats:
        if bias is None and self.network.bias.is_random:
            raise InputError(
                f"bias is missing: with output_bias={self.network.output_bias!r} the limit depends on c; "
                "give its value"
            )
        zero = np.zeros((len(self.slots), len(self.place)))
        return network_jets(self.rows, zero, 1.0, self._offsets(1, 0, bias)[:, 0])

    def _linearised(self, jets: Floats, names: set[str] | None) -> Linearisation:
        """F_α of every row; rows of groups outside ``names`` are left 0 and not evaluated."""
        if names is None:
            return linearise(self.rows, jets)
        legs = self.rows.legs
        wanted = tuple(leg for leg in legs if self.rows.problem.groups[leg.group].name in names)
        return linearise(replace(self.rows, legs=wanted), jets)

    def _at(
        self, jets: Floats, names: set[str] | None, jet_ntk: Floats, epsilon: float, about: Any = None
    ) -> Kernel:
        """K at given jets, with some T."""
        here = self._linearised(jets, names)
        matrix = row_kernel(self.rows, here.weights, jet_ntk, epsilon, self._bias_rate)
        return with_unknowns(self._kernel(fold_kernel(self.rows, matrix), about), self.rows, here)

    def _gradients(self) -> list[dict[Slot, Any]]:
        """F_α of every leg, in the order of ``rows.legs``, with the problem's parameters put in."""
        return [
            {slot: bind(f, self.problem.parameters) for slot, f in leg.gradient.items()}
            for group in self.problem.groups
            for leg in group.legs
        ]

    def _kernel(self, matrix: Floats, metadata: Mapping[str, Any] | None = None) -> Kernel:
        about = {
            "path": "limit",
            "activation": self.network.activation,
            "depth": len(self.network.widths),
            "output_bias": self.network.output_bias,
            "accuracy": self.accuracy,
        }
        return Kernel(matrix, self.rows.groups, {**about, **(metadata or {})})


def _positive(epsilon: float) -> float:
    value = float(epsilon)
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"epsilon is {epsilon!r}; it needs a positive finite number, N^(1/2 − s)")
    return value
