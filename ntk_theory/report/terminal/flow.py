"""What a study of training found: measured drifts and verdicts, as a table, as JSON, as a figure.

Nothing is decided here: verdicts are counted, and medians written down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.report.rows import SIGNS, ClaimSummary, summaries
from ntk_theory.report.words import problem_title
from ntk_theory.studies.flow.cells import flow_settings
from ntk_theory.studies.flow.claims import TrainingEvidence
from ntk_theory.studies.flow.evidence import FlowEvidence
from ntk_theory.studies.flow.verify import TrainingResult
from ntk_theory.studies.judging.statistics import Interval
from ntk_theory.studies.judging.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console
    from rich.table import Table

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


def to_dict(results: Sequence[TrainingResult]) -> dict[str, Any]:
    """Studies, verdicts and measured medians as JSON-like data; keys are only ever added."""
    return {
        "refuted": sum(result.outcomes[Outcome.REFUTED] for result in results),
        "complete": all(result.is_complete for result in results),
        "studies": [
            {**result.to_dict(), "measured": [_record(answer) for answer in training_answers([result])]}
            for result in results
        ],
    }


def _record(answer: TrainingAnswer) -> dict[str, Any]:
    return {
        "case": answer.label,
        "activation": answer.activation,
        "at": {str(s): _evidence_record(e) for s, e in answer.evidence.at.items()},
    }


def _evidence_record(e: FlowEvidence) -> dict[str, Any]:
    return {
        "networks": e.networks,
        "drift": [_finite(x) for x in e.spectral],
        "drift_exponent": _interval_record(e.spectral_trend.whole),
        "relative_drift": [_finite(x) for x in e.relative],
        "relative_exponent": _interval_record(e.relative_trend.whole),
        "limiting_drift": e.limit,
        "measured_over_limiting": None if e.ratio is None else _interval_record(e.ratio),
        "parameter_sup_relative": _finite(e.parameters.value),
        "gradient_sup": {bound.name: _finite(bound.value) for bound in e.gradients},
    }


def _interval_record(interval: Interval) -> dict[str, float | None]:
    return {name: _finite(getattr(interval, name)) for name in ("value", "low", "high")}


def show(results: Sequence[TrainingResult], console: Console) -> None:
    """Print the tables of some studies of training."""
    from rich.text import Text  # noqa: PLC0415  --json does without

    from ntk_theory.report.terminal.initialisation import claims_table  # noqa: PLC0415

    for answer in training_answers(results):
        console.print(Text(answer.title, "bold"))
        console.print(_measured_table(answer))
        console.print()
        console.print(claims_table(answer.claims))
        console.print()
    for result in results:
        for line in footer(result):
            console.print(Text(line, "dim"))
        console.print(Text(f"store: {result.path}"), soft_wrap=True)


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


def draw_drifts(answer: TrainingAnswer) -> Figure | None:
    """Absolute and relative drift against width, every network a dot; ``None`` where there is none."""
    from ntk_theory.report.figures.drift import draw_against_width  # noqa: PLC0415  text needs no figure

    titles = {
        r"$\sup_t\,\|K(t)-K(0)\|_2$": ("", "spectral", "limit_spectral"),
        r"relative drift of $K$": ("all", "relative", "limit_relative"),
    }
    panels: dict[str, Mapping[str, Floats]] = {}
    limits = {}
    data = answer.result.data
    for title, (pair, quantity, limit) in titles.items():
        panels[title] = answer.curves(pair, quantity)
        value = np.median(data.values(answer.label, answer.activation, "", "", limit))
        if np.isfinite(value) and value > 0:
            limits[title] = float(value)
    if not all(panels.values()):
        return None
    return draw_against_width(panels, answer.result.study.widths, answer.title, limits=limits)


def _table(columns: Sequence[str]) -> Table:
    from rich import box  # noqa: PLC0415  --json does without
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for k, column in enumerate(columns):
        table.add_column(column, justify="right" if k else "left", no_wrap=True)
    return table


def _measured_table(answer: TrainingAnswer) -> Table:
    from rich.text import Text  # noqa: PLC0415

    from ntk_theory.report.terminal.initialisation import STYLES  # noqa: PLC0415

    table = _table(head(answer))
    for s, cells in zip(answer.evidence.at, measured(answer), strict=True):
        style = STYLES[answer.theorem(s).outcome]
        table.add_row(*(Text(cell) for cell in cells[:-1]), Text(cells[-1], style))
    return table


def _exponent(interval: Interval) -> str:
    if not math.isfinite(interval.half_width):
        return "–"
    return f"{interval.value:.2f}±{interval.half_width:.2f}"


def _number(value: float, digits: int = 3) -> str:
    if abs(value) < 1e-3:
        digits = 2  # with an exponent, three would be too long for the table
    return f"{value:.{digits}g}" if math.isfinite(value) else "–"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
