"""Cells: one network's numbers for every s, from one pass.

A cell is a pure function of (study, case, activation, width, seed). With S the scaled jets, T the jet NTK
(free of s, THEORY §3), T^∞ its infinite-width limit and ε = N^{1/2−s}, it gives the quantities

    pair "", s "":  field:<slot>:<j>          w_jᵀ S_slot, over all rows
                    jetntk:<slot>:<slot'>:<j> w_jᵀ T_{slot,slot'} w_j, slot ≤ slot'
    pair, s:        norm, probe:<j>, trace    of the block K^{gh} (``blocks``), with T
                    norm_limit, probe_limit:<j>   the same with T^∞ in place of T: same S, same F
                    identity                  ‖K − K'‖_F/‖K'‖_F, K' by contracted seeds (THEORY §6 (a))

Values that are not finite are never rows: a :class:`Failure` says what happened, the cell's others stay.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.empirical.ntk import ntk
from ntk_theory.errors import NonFiniteError, NTKTheoryError
from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.model.assembly import (
    Leg,
    Linearisation,
    Rows,
    fold_kernel,
    fold_rows,
    linearise,
    network_jets,
    row_kernel,
    stack_rows,
)
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import thread_limit
from ntk_theory.setting.activations import Activation
from ntk_theory.studies.engine.cell import CellResult, Failure, Key, LawResult, init_seed
from ntk_theory.studies.engine.cost import CellCost, one_pass
from ntk_theory.studies.initialisation.blocks import (
    ALL_ROWS,
    PROBES,
    BlockReader,
    frobenius,
    probe_vector,
    split,
)
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Cell, Study

#: The identity of §3 is checked in cells with a smaller seed and at most this width.
IDENTITY_SEEDS, IDENTITY_WIDTH = 2, 512
#: Why a study of a library's start has no law for all widths.
NO_ONE_LAW = "its weights start by N, so that every width has a limit law of its own, of (b) and (c) alone"
#: Seconds of a cell that do not depend on its width (all s assembled, reduced, stored), per s.
SECONDS_PER_S = 1.0e-3


@dataclass(frozen=True, eq=False)
class CellContext:
    """What the cells of one case and activation share; it travels to the workers."""

    case: Case
    activation: str
    s: tuple[Fraction, ...]
    depth: int
    output_bias: str
    seed: int
    neuron_tile: int
    point_tile: int
    limit: Floats | None = field(default=None, repr=False)
    features: Mapping[str, Any] | None = None
    initialisation: str | Mapping[str, Any] | None = None

    @classmethod
    def of(cls, study: Study, case: Case, activation: str, limit: Floats | None = None) -> CellContext:
        """The context of a case and activation of a study, with T^∞ where it is known."""
        return cls(
            case,
            activation,
            study.s,
            study.depth,
            study.output_bias,
            study.seed,
            study.neuron_tile,
            study.point_tile,
            limit,
            study.features,
            study.initialisation,
        )

    @cached_property
    def rows(self) -> Rows:
        """The stacked points."""
        return stack_rows(lower_problem(self.case.problem, trained=True), self.case.points)

    @cached_property
    def reader(self) -> BlockReader:
        """Reads the watched blocks."""
        return BlockReader(self.rows.groups, len(self.case.problem.fields), self.seed)

    @cached_property
    def slot_names(self) -> tuple[str, ...]:
        """The canonical names of the slots, in the problem's slot order."""
        return tuple(map(self.case.problem.space.name, self.rows.slots))

    @cached_property
    def probes(self) -> Floats:
        """w_j over all rows, (PROBES, R)."""
        n = len(self.rows.points)
        return np.stack([probe_vector(self.seed, ALL_ROWS, j, n) for j in range(PROBES)])

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The layout: every value that a cell of this case can have, in a fixed order."""
        names = self.slot_names
        keys = [Key("", "", f"field:{a}:{j}") for a in names for j in range(PROBES)]
        keys += [Key("", "", name) for name, _, _, _ in self._slot_pairs()]
        for s in map(str, self.s):
            for pair in self.reader.pairs:
                g, h = split(pair)
                kept = ["norm", *(f"probe:{j}" for j in range(PROBES))]
                kept += [with_limit(q) for q in kept]
                kept += ["trace"] if g == h else []
                keys += [Key(pair, s, q) for q in [*kept, "identity"]]
        return tuple(keys)

    @cached_property
    def positions(self) -> Mapping[Key, int]:
        """Where each key stands in the layout."""
        return {key: k for k, key in enumerate(self.keys)}

    def network(self, width: int, s: Fraction | str = "1/2") -> Network:
        """The network of a cell at one s."""
        p = self.case.problem
        return Network(
            p.variables,
            p.fields,
            width=width,
            depth=self.depth,
            s=s,
            activation=self.activation,
            output_bias=self.output_bias,
            features=self.features,
            initialisation=self.initialisation,
        )

    @property
    def has_laws_by_width(self) -> bool:
        """Do σ and η depend on N, so that every width has a law of its own?"""
        return self.network(1).is_standard

    def law_at(self, width: int) -> LimitLaw:
        """The limit law at the σ and η of this width."""
        return limit_law(self.case.problem, self.network(width), self.case.points)

    def compute(self, width: int, seed: int) -> CellResult:
        """See :func:`compute_cell`."""
        return compute_cell(self, width, seed)

    def law(self) -> LawResult:
        """See :func:`compute_law`."""
        return compute_law(self)

    def jet_ntk_values(self, T: Floats) -> dict[str, float]:
        """``jetntk:<slot>:<slot'>:<j>`` of a jet NTK (A, R, A, R)."""
        w = self.probes
        return {name: float(w[j] @ T[a, :, b, :] @ w[j]) for name, a, b, j in self._slot_pairs()}

    def _slot_pairs(self) -> Iterator[tuple[str, int, int, int]]:
        names = self.slot_names
        for a in range(len(names)):
            for b in range(a, len(names)):
                for j in range(PROBES):
                    yield f"jetntk:{names[a]}:{names[b]}:{j}", a, b, j


def cell_context(study: Study, case: Case, activation: str, law: LawResult | None = None) -> CellContext:
    """The context of a case and activation, with T^∞ where its law is known and has one."""
    return CellContext.of(study, case, activation, None if law is None else law.jet_ntk)


def with_limit(quantity: str) -> str:
    """The name of a quantity when T^∞ stands in for T.

    >>> with_limit("norm"), with_limit("probe:1")
    ('norm_limit', 'probe_limit:1')
    """
    head, colon, tail = quantity.partition(":")
    return f"{head}_limit{colon}{tail}"


def compute_law(context: CellContext) -> LawResult:
    """T^∞, Σ and their probes for one case and activation; absent with a note where they cannot be had."""
    label, activation = context.case.label, context.activation
    if context.has_laws_by_width:
        return LawResult(label, activation, None, None, {}, NO_ONE_LAW)
    try:
        with thread_limit(1):
            law = context.law_at(8)
            values = context.jet_ntk_values(law.jet_ntk) | _field_variances(context, law)
    except NTKTheoryError as error:
        return LawResult(label, activation, None, None, {}, str(error))
    return LawResult(label, activation, law.jet_ntk, float(law.accuracy), values)


def _field_variances(context: CellContext, law: LimitLaw) -> dict[str, float]:
    w = context.probes
    return {
        f"field:{name}:{j}": float(w[j] @ law.covariance[a, :, a, :] @ w[j])
        for a, name in enumerate(context.slot_names)
        for j in range(PROBES)
    }


def compute_cell(context: CellContext, width: int, seed: int) -> CellResult:
    """All quantities of one network. Pure: the same arguments give the same bits.

    An error of the package (overflow, an activation with too few derivatives) becomes a failure of the
    cell, or of the pairs and s that it concerns.
    """
    start = time.perf_counter()
    made = _Cell(context, width, seed)
    try:
        with thread_limit(1):  # the last bits depend on the number of threads
            made.fill()
    except NTKTheoryError as error:
        made.fail("", "", str(error))
    present = np.flatnonzero(np.isfinite(made.values))
    return CellResult(
        made.cell,
        present.astype(np.int32),
        made.values[present],
        tuple(made.failures),
        time.perf_counter() - start,
    )


class _Cell:
    """The work of one cell; ``values`` follow the layout, NaN where there is none yet."""

    def __init__(self, context: CellContext, width: int, seed: int) -> None:
        self.context, self.width, self.seed = context, width, seed
        self.cell = Cell(context.case.label, context.activation, width, seed)
        self.values = np.full(len(context.keys), np.nan)
        self.failures: list[Failure] = []

    def put(self, pair: str, s: str, quantity: str, value: float) -> bool:
        """Keep a finite value; was it one?"""
        self.values[self.context.positions[Key(pair, s, quantity)]] = value
        return bool(np.isfinite(value))

    def fail(self, pair: str, s: str, message: str) -> None:
        self.failures.append(Failure(self.cell, pair, s, message))

    def fill(self) -> None:
        c, rows = self.context, self.context.rows
        network = c.network(self.width)
        parameters = network.init(init_seed(c.seed, self.width, self.seed))
        S = scaled_jets(network, parameters, rows.points, rows.slots)
        T = jet_ntk(
            network, parameters, rows.points, rows.slots, neuron_tile=c.neuron_tile, point_tile=c.point_tile
        )
        for a, name in enumerate(c.slot_names):
            for j in range(PROBES):
                self.put("", "", f"field:{name}:{j}", float(c.probes[j] @ S[a]))
        for quantity, value in c.jet_ntk_values(T).items():
            self.put("", "", quantity, value)
        for s in c.s:
            self._at(s, S, T, parameters)

    def _at(self, s: Fraction, S: Floats, T: Floats, parameters: Parameters) -> None:
        """All pairs at one s."""
        c, rows = self.context, self.context.rows
        network = c.network(self.width, s)
        jets = network_jets(rows, S, network.epsilon, parameters.output_bias)
        here, broken = _linearised(rows, jets)
        rate = parameters.output_bias_rate
        columns = fold_rows(rows, here.unknowns)
        kernel, limit = (
            None
            if some is None
            else fold_kernel(rows, row_kernel(rows, here.weights, some, network.epsilon, rate))
            + columns.T @ columns
            for some in (T, c.limit)
        )
        assert kernel is not None
        bad = self._broken_pairs(broken, str(s))
        for matrix, name in ((kernel, str), (limit, with_limit)):
            if matrix is None:
                continue
            for pair, quantity, value in c.reader.read(matrix):
                kept = quantity != "trace" or matrix is kernel
                if kept and pair not in bad and not self.put(pair, str(s), name(quantity), float(value)):
                    bad.add(pair)
                    self.fail(pair, str(s), self._overflow(pair, name(quantity), s))
        if self.seed < IDENTITY_SEEDS and self.width <= IDENTITY_WIDTH and not bad:
            self._identity(s, network, parameters, kernel)

    def _broken_pairs(self, broken: Mapping[str, str], s: str) -> set[str]:
        """Report the pairs that need a group whose F_α are not finite."""
        reader, bad = self.context.reader, set()
        for pair in reader.pairs if broken else ():
            hit = [g.name for side in split(pair) for g in reader.members(side) if g.name in broken]
            if hit:
                bad.add(pair)
                self.fail(pair, s, broken[hit[0]])
        return bad

    def _overflow(self, pair: str, quantity: str, s: Fraction) -> str:
        return (
            f"the block {pair} overflows at s = {s} ({quantity}, width {self.width}, seed {self.seed}): "
            "take a larger s, smaller widths or points nearer the origin"
        )

    def _identity(self, s: Fraction, network: Network, parameters: Parameters, kernel: Floats) -> None:
        """The block of THEORY §3 against contracted seeds through the original F."""
        c = self.context
        try:
            here = parameters.for_s(s)
            other = ntk(c.case.problem, network, here, c.case.points, path="contracted").matrix
        except NonFiniteError as error:
            return self.fail("", str(s), f"no identity check: {error}")
        for pair in c.reader.pairs:
            mine, theirs = c.reader.block(kernel, pair), c.reader.block(other, pair)
            off, size = float(frobenius(mine - theirs)), float(frobenius(theirs))
            self.put(pair, str(s), "identity", off / size if size else off)


def cell_cost(study: Study, case: Case, width: int) -> CellCost:
    """One pass, and for every s what does not depend on the width (assembled, reduced, stored)."""
    one = one_pass(study, case, width)
    return CellCost(one.seconds + SECONDS_PER_S * len(study.s), one.bytes)


def _linearised(rows: Rows, jets: Floats) -> tuple[Linearisation, dict[str, str]]:
    """F_α per row, and the groups where they are not finite with the reason; their weights are 0."""
    try:
        return linearise(rows, jets), {}
    except NonFiniteError:
        whole: list[Leg] = []
        broken: dict[str, str] = {}
    for leg in rows.legs:
        try:
            linearise(replace(rows, legs=(leg,)), jets)
            whole.append(leg)
        except NonFiniteError as error:
            broken.setdefault(rows.problem.groups[leg.group].name, str(error))
    return linearise(replace(rows, legs=tuple(whole)), jets), broken


def cell_kernels(study: Study) -> tuple[str, ...]:
    """Which compiled kernels networks and laws of a study use, the slowest to compile first."""
    layers = (
        ("shallow.shallow_contract", "shallow.shallow_jets", "compose.first_layer")
        if study.depth == 1
        else (
            "compose.hidden_layer",
            "compose.first_layer",
            "compose.multiply",
            "compose.adjoint",
            "gram.contract",
        )
    )
    closed = {bool(Activation.of(name).closed_form) for name in study.activations}
    quadrature = ("dual_quadrature.pair_moments", "pair_conditional.compose_pairs") if False in closed else ()
    series = ("pair_taylor.compose_pairs", "pair_taylor.diagonal_pairs") if True in closed else ()
    return (*quadrature, *layers, *series, "gram.combine", "pair_taylor.multiply_pairs")
