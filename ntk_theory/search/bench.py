"""Search for operators on which prediction and observation disagree, shrunk to the smallest.

Random operators are predicted symbolically, limit class and exponent, and observed on the limit law
between N = 10^40 and 10^60, where the leading term has mostly won. That costs milliseconds: the Gaussian
field and T^∞ of all slots are computed once. A disagreement is tested again further out, where slow terms
have died, and nearer, where 1 + u_x² is not yet rounded to 1; then on fresh draws and fresh points. It is
shrunk while it lasts, and put to finite networks.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np

from ntk_theory.errors import NTKTheoryError
from ntk_theory.limit.law import LimitLaw
from ntk_theory.limit.recursion import InfiniteJets, infinite_jets
from ntk_theory.model.assembly import stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network
from ntk_theory.search.candidates import Candidate, random_candidate, smaller
from ntk_theory.studies.initialisation.blocks import block_name, watched_pairs
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.exponents import exponent_at
from ntk_theory.studies.initialisation.law_draws import draw_from
from ntk_theory.studies.initialisation.law_tail import LawTable, law_tail
from ntk_theory.studies.initialisation.observed_limit import limit_by_law, plain
from ntk_theory.studies.initialisation.verify import verify
from ntk_theory.symbolic import problem as as_problem
from ntk_theory.theory import Classification, Limit, Regime, classify

#: Exponents at which regimes are compared: below, at, above 1/2.
EXPONENTS = tuple(map(Fraction, ("2/5", "1/2", "5/8", "1")))
#: Widths between which the law's slope is taken; where it disagrees, those at which it is taken again.
FAR = (1e40, 1e60)
AGAIN = ((1e10, 1e14), (1e140, 1e180))
#: How far from the slope an exponent may be.
SLOPE_MARGIN = 0.03
#: Largest order of a slot that candidates use.
ORDER = 3
#: Shrinking stops after this many trials.
MAX_SHRINKS = 200

#: (candidate, output bias) → the predicted limit of every block at every s.
Predict = Callable[[str, str], Classification]


@dataclass(frozen=True)
class Disagreement:
    """A block on which prediction and the limit law differ, in its limit class or its exponent.

    ``terms`` counts the operator's terms; ``networks`` says what finite networks showed: the observed
    limit class, or "" if not asked.
    """

    text: str
    terms: int
    block: str
    s: Fraction
    predicted: str
    observed: str
    reason: str
    networks: str = ""


@dataclass(frozen=True)
class SearchResult:
    """What a search did."""

    tried: int
    compared: int
    agreed: int
    undecided: int
    skipped: int
    disagreements: tuple[Disagreement, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.tried} operators, {self.compared} pairs of block and s compared: {self.agreed} agree, "
            f"{len(self.disagreements)} operators disagree; {self.undecided} predictions undecided "
            f"or undefined, {self.skipped} operators without a law"
        ]
        for d in self.disagreements:
            networks = f"; networks: {d.networks}" if d.networks else ""
            lines.append(
                f"  {d.text}: K_{d.block} at s = {d.s}: predicted {d.predicted}, observed {d.observed} "
                f"({d.reason}){networks}"
            )
        return "\n".join(lines)


@dataclass
class Bench:
    """Limit laws of many operators at the same points: Σ and T^∞ are computed once.

    ``seed`` fixes points and draws. Six points suffice: the limit class is the same at all of them.
    """

    seed: int
    activation: str = "tanh"
    criterion: Criterion = field(default_factory=Criterion)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.points = rng.uniform(-1.5, 1.5, (6, 2))
        indices = [i for i in product(range(ORDER + 1), repeat=2) if sum(i) <= ORDER]
        self.jets: InfiniteJets = infinite_jets(self.activation, 1, self.points, indices)

    def law(self, what: Candidate, output_bias: str) -> LimitLaw:
        """The limit law of a candidate."""
        problem = as_problem(str(what), variables=["x", "t"])
        names = [g.name for g in problem.groups]
        points = {name: self.points[:3] if name.startswith("b") else self.points[3:] for name in names}
        rows = stack_rows(lower_problem(problem), points)
        place = np.array([np.flatnonzero((self.points == p).all(axis=1))[0] for p in rows.points])
        network = Network(
            problem.variables,
            problem.fields,
            width=8,
            activation=self.activation,
            output_bias=output_bias,
        )
        return LimitLaw(problem, network, rows, self.jets, place)

    def observe(
        self,
        what: Candidate,
        output_bias: str,
        s: tuple[Fraction, ...] = EXPONENTS,
        widths: tuple[float, float] = FAR,
    ) -> dict[tuple[str, Fraction], tuple[str, str, float]]:
        """(pair, s) → (limit class, reason, slope) on the law; blocks whose law vanishes are left out."""
        law = self.law(what, output_bias)
        table = LawTable(draw_from(law, self.seed), self.seed)
        found = {}
        for pair in watched_pairs(law.rows.groups, len(law.problem.fields)):
            for exponent in s:
                tail = law_tail(table, pair, exponent, widths)
                if tail.slope == -np.inf and self._vanishes(table, pair):
                    continue
                seen, reason = limit_by_law(tail, self.criterion)
                found[pair, exponent] = (str(seen), str(reason), tail.slope)
        return found

    @staticmethod
    def _vanishes(table: LawTable, pair: str) -> bool:
        """Is the block 0 at ε = 1 too, so that only fluctuations are left?"""
        norms, _ = table.near(1.0)[pair]
        return bool(np.median(norms) == 0.0)


def default_predict(text: str, output_bias: str) -> Classification:
    """The symbolic classification."""
    return classify(as_problem(text, variables=["x", "t"]), output_bias=output_bias)


@dataclass
class _Tally:
    compared: int = 0
    agreed: int = 0
    undecided: int = 0
    skipped: int = 0


def search(
    *,
    budget: int = 100,
    seed: int = 0,
    output_bias: str = "zero",
    predict: Predict = default_predict,
    networks: bool = True,
    max_terms: int = 4,
) -> SearchResult:
    """Compare prediction and observation on ``budget`` random operators.

    Parameters
    ----------
    budget:
        Operators to try.
    seed:
        Of the operators, points and draws.
    output_bias:
        Of the networks.
    predict:
        What is put to the test; a planted wrong rule goes here.
    networks:
        Put each shrunk disagreement to finite networks as well.
    max_terms:
        Terms per equation.
    """
    rng = random.Random(seed)
    bench, fresh = Bench(seed), Bench(seed + 1)
    tally = _Tally()
    found: list[Disagreement] = []
    for _ in range(budget):
        what = random_candidate(rng, max_terms=max_terms)
        first = _compare(what, output_bias, bench, predict, tally)
        if first is None or _compare(what, output_bias, fresh, predict, _Tally()) is None:
            continue
        shrunk = shrink(what, lambda c: _disagrees(c, output_bias, (bench, fresh), predict))
        again = _compare(shrunk, output_bias, bench, predict, _Tally()) or first
        found.append(_on_networks(again, output_bias, seed) if networks else again)
    return SearchResult(
        budget, tally.compared, tally.agreed, tally.undecided, tally.skipped, tuple(dict.fromkeys(found))
    )


def shrink(what: Candidate, still: Callable[[Candidate], bool]) -> Candidate:
    """The smallest candidate reachable by single cuts on which ``still`` holds."""
    trials = 0
    improved = True
    while improved:
        improved = False
        for simpler in smaller(what):
            trials += 1
            if trials > MAX_SHRINKS:
                return what
            if still(simpler):
                what, improved = simpler, True
                break
    return what


def _disagrees(what: Candidate, output_bias: str, benches: tuple[Bench, ...], predict: Predict) -> bool:
    return all(_compare(what, output_bias, bench, predict, _Tally()) is not None for bench in benches)


def _compare(
    what: Candidate, output_bias: str, bench: Bench, predict: Predict, tally: _Tally
) -> Disagreement | None:
    """The first block and s on which prediction and law differ; counts everything that was compared."""
    try:
        classification = predict(str(what), output_bias)
        observed = bench.observe(what, output_bias)
    except NTKTheoryError:  # terms that cancel, F undefined at a draw: nothing to compare
        tally.skipped += 1
        return None
    fields = len(classification.problem.fields)
    first: Disagreement | None = None
    for (pair, s), (seen, reason, slope) in observed.items():
        block = block_name(pair, classification)
        regime = classification.regime(block, s)
        if regime.limit in (Limit.UNDECIDED, Limit.UNDEFINED) or _is_hidden(regime, s, seen, slope, fields):
            tally.undecided += 1
            continue
        tally.compared += 1
        if _agrees(regime, s, seen, slope, fields) or (
            first is None and _agrees_elsewhere(what, output_bias, bench, pair, s, regime, fields)
        ):
            tally.agreed += 1
        elif first is None:
            exponent = exponent_at(regime, s)
            wanted = str(regime.limit) if exponent is None else f"{regime.limit} with N^{exponent:g}"
            shown = f"{seen} with N^{plain(slope)}" if np.isfinite(slope) else seen
            first = Disagreement(str(what), what.size, block, s, wanted, shown, reason)
    return first


def _is_hidden(regime: Regime, s: Fraction, seen: str, slope: float, fields: int) -> bool:
    """Is this a case that the law cannot show?

    Terms between distinct fields vanish in the law and leave a fluctuation of order N^{-1/2} that
    networks alone show: with several fields the law may be smaller than predicted. A size that changes by
    no power of N, but by a logarithm, looks like a constant.
    """
    exponent = exponent_at(regime, s)
    if exponent is None:
        return regime.limit in (Limit.ZERO, Limit.DIVERGES) and seen in ("random", "deterministic")
    return fields > 1 and bool(np.isfinite(slope)) and slope < exponent - SLOPE_MARGIN


def _agrees(regime: Regime, s: Fraction, seen: str, slope: float, fields: int) -> bool:
    exponent = exponent_at(regime, s)
    return seen == str(regime.limit) and (exponent is None or _fits(slope, exponent, fields))


def _agrees_elsewhere(
    what: Candidate, output_bias: str, bench: Bench, pair: str, s: Fraction, regime: Regime, fields: int
) -> bool:
    """Does the law agree at other widths, so that slow terms or rounding made the difference?"""
    for widths in AGAIN:
        found = bench.observe(what, output_bias, (s,), widths).get((pair, s))
        if found is not None and _agrees(regime, s, found[0], found[2], fields):
            return True
    return False


def _fits(slope: float, exponent: float, fields: int) -> bool:
    """Is the law's slope the predicted exponent, or with several fields smaller?"""
    if not np.isfinite(slope):  # over- or underflow between N = 10^40 and 10^60
        return True
    return abs(slope - exponent) <= SLOPE_MARGIN or (fields > 1 and slope < exponent)


def _on_networks(d: Disagreement, output_bias: str, seed: int) -> Disagreement:
    """What finite networks show on the block and s of a disagreement."""
    with tempfile.TemporaryDirectory() as folder:
        result = verify(
            as_problem(d.text, variables=["x", "t"]),
            s=(d.s,),
            widths=(64, 128, 256, 512, 1024),
            seeds=24,
            points=4,
            output_bias=output_bias,
            seed=seed + 2,
            store=Path(folder) / "search.sqlite",
            workers=1,
            progress=False,
        )
        verdicts = [v for v in result.select("sharp-limit") if v.block == d.block]
    seen = verdicts[0].observed if verdicts else "undecided"
    return replace(d, networks=seen)
