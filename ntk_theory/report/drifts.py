"""What a study of training found, as rows: measured drifts by s, the claims, and how to read them.

Nothing is decided here: verdicts are counted, and medians written down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.report.rows import SIGNS, ClaimSummary, summaries
from ntk_theory.report.words import problem_title
from ntk_theory.studies.flow.cells import flow_settings
from ntk_theory.studies.flow.claims import TrainingEvidence
from ntk_theory.studies.flow.verify import TrainingResult
from ntk_theory.studies.judging.statistics import Interval
from ntk_theory.studies.judging.verdict import Verdict

_THEOREM = "theorem-2.3"


@dataclass(frozen=True)
class TrainingAnswer:
    """What a study says of one problem with one activation under training."""

    label: str
    activation: str
    evidence: TrainingEvidence
    verdicts: tuple[Verdict, ...]
    result: TrainingResult

    @property
    def title(self) -> str:
        """The problem and everything the answer depends on."""
        study, case = self.result.study, self.result.study.case(self.label)
        flow = flow_settings(study)
        shared = [self.activation, f"depth {study.depth}", f"output bias {study.output_bias}"]
        shared += [f"{name} = {value}" for name, value in case.parameters.items()]
        until = f"gradient flow up to {flow.clock} time {flow.until:g}"
        return f"{problem_title(case.problem)}  ({', '.join([*shared, until])})"

    @property
    def claims(self) -> tuple[ClaimSummary, ...]:
        """One summary per claim, in the order of the report."""
        return summaries(self.verdicts)

    def theorem(self, s: Fraction) -> Verdict:
        """The verdict on Theorem 2.3 at one s."""
        return next(v for v in self.verdicts if (v.claim, v.s) == (_THEOREM, s))

    def curves(self, pair: str, quantity: str) -> dict[str, Floats]:
        """A measured quantity over (widths, networks), by s, of the networks that have it everywhere."""
        found = {}
        for s in self.result.study.s:
            values = self.result.data.values(self.label, self.activation, pair, s, quantity)
            whole = values[:, np.isfinite(values).all(axis=0)]
            if whole.shape[1] and (whole > 0).all():
                found[str(s)] = whole
        return found


def training_answers(results: Sequence[TrainingResult]) -> tuple[TrainingAnswer, ...]:
    """All answers of some studies, in their order."""
    return tuple(
        TrainingAnswer(label, activation, result.evidence[label, activation], verdicts, result)
        for result in results
        for (label, activation), verdicts in result.verdicts.items()
    )


def head(answer: TrainingAnswer) -> list[str]:
    """The columns of :func:`measured`."""
    widths = answer.result.study.widths
    shown = widths if len(widths) <= 4 else (widths[0], widths[len(widths) // 2], widths[-1])
    columns = [f"N={width}" for width in shown]
    return ["s", *columns, "exponent", "limit", "relative", "exponent", "(i)", "(ii)", "2.3"]


def measured(answer: TrainingAnswer) -> Iterator[list[str]]:
    """One row per s: median drift by width, its exponent, limit, relative drift, assumptions, verdict."""
    widths = answer.result.study.widths
    at = range(len(widths)) if len(widths) <= 4 else (0, len(widths) // 2, len(widths) - 1)
    for s, e in answer.evidence.at.items():
        largest = max((bound.value for bound in e.gradients), default=math.nan)
        yield [
            str(s),
            *(_number(e.spectral[k]) for k in at),
            _exponent(e.spectral_trend.whole),
            "" if e.limit is None else _number(e.limit),
            _number(e.relative[-1], 2),
            _exponent(e.relative_trend.whole),
            _number(e.parameters.value, 2),
            _number(largest, 3),
            SIGNS[answer.theorem(s).outcome],
        ]


def footer(result: TrainingResult) -> Iterator[str]:
    """How to read the measured table, and what it rests on."""
    study = result.study
    yield (
        "N=…: median over networks of sup_t ‖K(t)−K(0)‖₂; exponent: its power of N with the interval; "
        "limit: the same of the limiting dynamics for s > 1/2; relative: sup_t ‖K(t)−K(0)‖/‖K(0)‖ in the "
        "Frobenius norm at the largest width, with its exponent; (i) sup ‖θ‖_∞/√(2 ln P); (ii) sup |F_α|; "
        "2.3: verdict on the theorem"
    )
    yield (
        f"widths {', '.join(map(str, study.widths))}, {study.seeds} networks each; criterion frozen before "
        f"the first network (study {study.digest[:12]})"
    )


def _exponent(interval: Interval) -> str:
    if not math.isfinite(interval.half_width):
        return "–"
    return f"{interval.value:.2f}±{interval.half_width:.2f}"


def _number(value: float, digits: int = 3) -> str:
    if abs(value) < 1e-3:
        digits = 2  # with an exponent, three would be too long for the table
    return f"{value:.{digits}g}" if math.isfinite(value) else "–"
