"""What the limit law says of a problem's kernel at given widths and s, beside the limit that theory predicts.

Per block and (N, s), with ε = N^{1/2−s}: the distribution of ‖K‖ over draws from the law, its one value where
both groups are affine in the jets, and ‖E K‖ where the mean exists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError, ResourceError
from ntk_theory.files import write_archive
from ntk_theory.frames import frame
from ntk_theory.limit.cost import MEMORY_LIMIT
from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.model.blocks import Kernel
from ntk_theory.model.network import Network, epsilon_of
from ntk_theory.model.points import draw_points
from ntk_theory.resources import allowed_memory
from ntk_theory.shown import Brief, Shown
from ntk_theory.studies.initialisation.blocks import BlockReader, block_name, frobenius
from ntk_theory.studies.network_rules import classification_of
from ntk_theory.studies.question.case import ProblemLike
from ntk_theory.symbolic.numbers import fraction
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.theory import Classification
from ntk_theory.theory.exponents import Regime
from ntk_theory.theory.text import block_label

#: What is asked unless told otherwise, from Python and from the command line: points per group, s, N.
POINTS, EXPONENTS, WIDTHS = 8, ("2/5", "1/2", "3/4"), (1024,)
#: Written into every file.
FORMAT = "ntk-theory limit law 1"


@dataclass(frozen=True, eq=False, repr=False)
class BlockLaw(Shown):
    """The law of ‖K‖ of one block at one width and s.

    Attributes
    ----------
    block, pair:
        Its name in the classification ("bf"), and the pair of groups ("b,f").
    regime:
        What theory predicts for this s as N → ∞.
    norms:
        ‖K‖ of the draws, (size,); ``None`` where a draw is not finite, see ``failure``.
    is_constant:
        Are both groups affine in the jets, so that the law is one number?
    mean:
        ‖E K‖, ``None`` where the mean is refused or not finite.
    failure:
        Why there are no norms; empty where there are.
    """

    block: str
    pair: str
    s: Fraction
    width: int
    epsilon: float
    regime: Regime
    norms: Floats | None
    is_constant: bool
    mean: float | None
    failure: str = ""

    def brief(self) -> Brief:
        """Block, s and width, and what ‖K‖ is there."""
        return Brief(f"law of ‖{block_label(self.block)}‖", LAW_HEAD, (law_row(self),))

    def quantiles(self, q: Sequence[float]) -> tuple[float, ...] | None:
        """Quantiles of ‖K‖."""
        return None if self.norms is None else tuple(float(v) for v in np.quantile(self.norms, q))


#: The quantiles that tables show, and their columns.
QUANTILES = (0.05, 0.5, 0.95)
LAW_HEAD = ("block", "s", "width", "ε", "‖K‖ 5 %", "median", "95 %", "‖E K‖", "law", "N → ∞")


def law_row(block: BlockLaw) -> tuple[str, ...]:
    """The cells of one law under :data:`LAW_HEAD`."""
    quantiles = block.quantiles(QUANTILES)
    numbers: tuple[str, ...]
    if quantiles is None:
        numbers, law = ("–",) * 3, "no finite draws"
    elif block.is_constant:
        numbers, law = ("", f"{quantiles[1]:.4g}", ""), "deterministic"
    else:
        numbers, law = tuple(f"{q:.3g}" for q in quantiles), "random"
    mean = "–" if block.mean is None else f"{block.mean:.4g}" if block.is_constant else f"{block.mean:.3g}"
    where = (block_label(block.block), str(block.s), str(block.width), f"{block.epsilon:.3g}")
    return (*where, *numbers, mean, law, str(block.regime.limit))


@dataclass(repr=False)
class LawReader(Shown):
    """Reads the law of every block off a :class:`LimitLaw`; each ε is drawn once.

    Parameters
    ----------
    law, classification:
        Of the same problem, output bias and activation.
    size, seed:
        Draws per ε, from the same random numbers for all ε.
    memory_limit:
        Bytes that the draws of one ε may take; default 4 GiB, less where the process has less.
    with_means:
        Compute means too?
    """

    law: LimitLaw
    classification: Classification
    size: int = 400
    seed: int = 0
    memory_limit: float | None = None
    with_means: bool = True
    refusals: list[str] = field(default_factory=list, init=False)
    _norms: dict[float, tuple[dict[str, Floats], str]] = field(default_factory=dict, init=False)
    _means: dict[float, Kernel | None] = field(default_factory=dict, init=False)

    def brief(self) -> Brief:
        """Whose law is read, and by how many draws."""
        found = self.law.brief()
        return Brief(f"reader of the {found.title}", notes=(*found.notes, f"{self.size} draws for each ε"))

    def __post_init__(self) -> None:
        n = sum(group.size for group in self.law.rows.groups)
        need = 8.0 * self.size * n * n
        allowed = allowed_memory(self.memory_limit, most=MEMORY_LIMIT)
        if need > allowed:
            raise ResourceError(
                f"{self.size} draws of a kernel of {n} rows need {need / 2**30:.1f} GiB, above memory_limit "
                f"= {allowed / 2**30:.1f} GiB; use fewer draws or points, or raise the limit"
            )
        self._reader = BlockReader(self.law.rows.groups, len(self.law.problem.fields), 0)

    def read(self, exponents: Sequence[Fraction], widths: Sequence[int]) -> tuple[BlockLaw, ...]:
        """All blocks at all s and widths, block by block."""
        return tuple(
            self._block(pair, s, width) for pair in self._reader.pairs for s in exponents for width in widths
        )

    def is_constant(self, pair: str) -> bool:
        """Is the law of the pair one number: all groups affine in the jets, and what unknowns add?"""
        return self.law.is_fixed(pair)

    def _block(self, pair: str, s: Fraction, width: int) -> BlockLaw:
        name, epsilon = block_name(pair, self.classification), epsilon_of(width, s)
        constant = self.is_constant(pair)
        if constant:
            value = float(frobenius(self.law.deterministic(epsilon, pair)))
            norms: Floats | None = np.full(self.size, value)
            mean, failure = value, ""
        else:
            drawn, failure = self._draw(epsilon)
            norms = drawn.get(pair)
            expected = self.mean(epsilon) if self.with_means else None
            mean = None if expected is None else float(frobenius(expected[pair]))  # type: ignore[assignment]
        regime = self.classification.regime(name, s)
        return BlockLaw(name, pair, s, width, epsilon, regime, norms, constant, mean, failure)

    def _draw(self, epsilon: float) -> tuple[dict[str, Floats], str]:
        if epsilon not in self._norms:
            try:
                matrix = self.law.sample(epsilon, self.size, self.seed).matrix
                drawn = {pair: frobenius(self._reader.block(matrix, pair)) for pair in self._reader.pairs}
                finite = {pair: norms for pair, norms in drawn.items() if np.isfinite(norms).all()}
                failure = "" if len(finite) == len(drawn) else f"‖K‖ overflows in a draw at ε = {epsilon:.3g}"
                self._norms[epsilon] = finite, failure
            except NonFiniteError as error:
                self._norms[epsilon] = {}, str(error)
        return self._norms[epsilon]

    def mean(self, epsilon: float) -> Kernel | None:
        """E K at ε; where it is refused, ``None``, and the reason goes to ``refusals``."""
        if epsilon not in self._means:
            try:
                with np.errstate(over="ignore", invalid="ignore"):  # a kernel that is not finite is refused
                    self._means[epsilon] = self.law.mean(epsilon)
            except (InputError, NonFiniteError) as error:
                self._means[epsilon] = None
                if str(error) not in self.refusals:
                    self.refusals.append(str(error))
        return self._means[epsilon]


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(Shown):
    """What :func:`predict` found.

    ``refusals`` are the reasons why a mean is not given, ``failures`` those why norms are missing.
    """

    reader: LawReader
    exponents: tuple[Fraction, ...]
    widths: tuple[int, ...]
    blocks: tuple[BlockLaw, ...]

    @property
    def law(self) -> LimitLaw:
        """The law."""
        return self.reader.law

    def brief(self) -> Brief:
        """One row per block, s and width."""
        about = self.law.brief()
        notes = (*about.notes, f"{self.reader.size} draws for each ε", *self.refusals)
        return Brief(about.title, LAW_HEAD, tuple(map(law_row, self.blocks)), notes)

    def to_pandas(self) -> Any:
        """One row per block, s and width: quantiles and mean of ‖K‖, its law and its limit."""
        found = [(b, b.quantiles(QUANTILES) or (np.nan,) * 3) for b in self.blocks]
        return frame(
            {
                "block": [b.block for b, _ in found],
                "s": [str(b.s) for b, _ in found],
                "width": [b.width for b, _ in found],
                "epsilon": [b.epsilon for b, _ in found],
                **{f"q{100 * q:02.0f}": [values[k] for _, values in found] for k, q in enumerate(QUANTILES)},
                "mean": [np.nan if b.mean is None else b.mean for b, _ in found],
                "is_constant": [b.is_constant for b, _ in found],
                "limit": [str(b.regime.limit) for b, _ in found],
            },
            question=self.law.brief().title,
        )

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why a mean is not given, each reason once."""
        return tuple(self.reader.refusals)

    @property
    def failures(self) -> tuple[BlockLaw, ...]:
        """The blocks without norms."""
        return tuple(block for block in self.blocks if block.norms is None)

    def to_npz(self, path: str | PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Write the law and the draws of ‖K‖ to an .npz file; nothing in it is pickled.

        Arrays: ``covariance`` Σ and ``jet_ntk`` T (slots, rows, slots, rows); ``slots`` as text;
        ``points`` (rows, d) and ``row_groups``, the group of each row; ``pairs``, ``s`` (text), ``widths``,
        ``epsilon`` (s, widths); ``norms`` (pairs, s, widths, size), NaN where a draw is not finite;
        ``mean_norms`` and ``constant`` (pairs, s, widths), NaN and False where there is none; ``metadata``
        is JSON text.
        """
        law, size = self.law, self.reader.size
        shape = (-1, len(self.exponents), len(self.widths))
        missing = np.full(size, np.nan)
        norms = np.array([missing if b.norms is None else b.norms for b in self.blocks])
        labels = [""] * len(law.rows.points)
        for leg in law.rows.legs:
            labels[leg.rows] = [law.rows.groups[leg.group].name] * (leg.stop - leg.start)
        means = np.array([np.nan if b.mean is None else b.mean for b in self.blocks])
        entries: dict[str, ArrayLike] = {
            "covariance": law.covariance,
            "jet_ntk": law.jet_ntk,
            "slots": np.array([law.problem.space.name(slot) for slot in law.slots]),
            "points": law.rows.points,
            "row_groups": np.array(labels),
            "pairs": np.array(list(dict.fromkeys(b.pair for b in self.blocks))),
            "s": np.array([str(s) for s in self.exponents]),
            "widths": np.array(self.widths, dtype=np.int64),
            "epsilon": np.array([[epsilon_of(n, s) for n in self.widths] for s in self.exponents]),
            "norms": norms.reshape(*shape, size),
            "mean_norms": means.reshape(shape),
            "constant": np.array([b.is_constant for b in self.blocks]).reshape(shape),
            "metadata": json.dumps(dict(metadata or {}), sort_keys=True),
        }
        write_archive(path, FORMAT, entries)


@lru_cache(maxsize=8)
def law_of(law: LimitLaw) -> Prediction:
    """A limit law at the s and widths that :func:`predict` takes by itself."""
    reader = LawReader(law, classification_of(law.problem, law.network))
    exponents = tuple(fraction(s) for s in EXPONENTS)
    return Prediction(reader, exponents, WIDTHS, reader.read(exponents, WIDTHS))


def predict(
    problem: ProblemLike,
    network: Network | None = None,
    points: Mapping[str, ArrayLike] | int = POINTS,
    exponents: Sequence[Fraction | str | int | float] = EXPONENTS,
    widths: Sequence[int] = WIDTHS,
    *,
    size: int = 400,
    seed: int = 0,
    rtol: float = 1e-8,
    memory_limit: float | None = None,
    time_limit: float | None = None,
) -> Prediction:
    """The law of every block's ‖K‖ at widths and exponents, beside the predicted limit.

    Parameters
    ----------
    problem:
        Whatever names one: a zoo name, an expression, a problem file, a :class:`Problem`.
    network:
        Its activation, depth, output bias and map of inputs matter, its width and s do not; default: one
        hidden layer of tanh.
    points:
        Group → array (n, d), or how many to draw for each group.
    exponents, widths:
        Values of s > 0 and N.
    size, seed:
        Draws per ε; root of their random numbers, and of points that are drawn.
    rtol, time_limit:
        As for :func:`ntk_theory.limit.law.limit_law`.
    memory_limit:
        Bytes, for the law and for the draws each.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.

    >>> network = Network(("x", "t"), ("u",), 8, activation="erf")
    >>> found = predict("u_t - u_xx", network, 3, ["1/2"], [64], size=10)
    >>> [(b.block, str(b.regime.limit), b.is_constant) for b in found.blocks]
    [('bb', 'deterministic', True), ('bf', 'deterministic', True), ('ff', 'deterministic', True)]
    """
    problem = as_problem(problem)
    network = Network(problem.variables, problem.fields, 1) if network is None else network
    at = points if isinstance(points, Mapping) else draw_points(problem, points, seed)
    values = tuple(dict.fromkeys(fraction(s) for s in exponents))
    chosen = tuple(dict.fromkeys(widths))
    for what, given in (("exponents", values), ("widths", chosen)):
        if not given:
            raise InputError(f"{what} is empty; it needs at least one number")
    classification = classification_of(problem, network)
    for s in values:
        classification.regime(next(iter(classification.sharp)), s)  # refuses s ≤ 0 before the work
    law = limit_law(problem, network, at, rtol=rtol, memory_limit=memory_limit, time_limit=time_limit)
    reader = LawReader(law, classification, size, seed, memory_limit)
    return Prediction(reader, values, chosen, reader.read(values, chosen))
