"""Parts (a), (b), (c) of the finite-ε law (THEORY §6), tested for a problem as a whole.

(a) and the law's ingredients (b), (c) know nothing of s; (d) is tested block by block in
:mod:`ntk_theory.studies.initialisation.block_evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.evidence import PartResult
from ntk_theory.studies.initialisation.exponents import RATE
from ntk_theory.studies.judging.statistics import against_normal, finite, holm, mean_against
from ntk_theory.studies.judging.trends import NO_TREND, Trend, trend
from ntk_theory.studies.judging.verdict import MORE_SEEDS, Need, Outcome, Reason, Remedy

#: With fewer numbers a projection is left out.
LEAST = 4
SMALL_WIDTH = Remedy((Need.SMALL_WIDTHS,), "include a width of at most 512")


@dataclass(frozen=True)
class Projection:
    """One number per network, (widths, networks), and what the law says of it.

    ``expected`` is the standard deviation of a projection of the field (its mean is 0), or the mean
    of a bilinear form of the jet NTK.
    """

    values: Floats
    expected: float


def identity_part(identity: Floats, criterion: Criterion) -> PartResult:
    """(a): the largest relative difference from a kernel obtained without the identity."""
    checked = finite(identity)
    if not checked.size:
        return PartResult(Outcome.UNDECIDED, Reason("no network was checked", remedy=SMALL_WIDTH))
    worst = float(checked.max())
    outcome = Outcome.SUPPORTED if worst <= criterion.identity else Outcome.REFUTED
    text = f"largest relative difference {worst:.1e} over {checked.size} kernels"
    return PartResult(outcome, Reason(text, "difference"))


def field_part(fields: Mapping[str, Projection], criterion: Criterion, level: float) -> PartResult:
    """(b): projections of S_N at the largest widths, pooled, against N(0, σ²); Holm over all at ``level``."""
    sure = level * criterion.refutation / criterion.level
    samples = {name: finite(p.values[-criterion.top_widths :]) for name, p in fields.items()}
    p_values = {
        name: against_normal(sample, fields[name].expected)
        for name, sample in samples.items()
        if len(sample) >= LEAST
    }
    return _holm_result(p_values, (level, sure), "projections of the field fit the Gaussian limit")


def jet_ntk_part(
    forms: Mapping[str, Projection], widths: Sequence[int], depth: int, criterion: Criterion, level: float
) -> PartResult:
    """(c): means of T_N against T^∞ (Holm over all), and the rate at which their spread falls.

    At depth 1 E T_N = T^∞ at every width; deeper networks have a bias of order 1/N, which is fitted
    as the slope of the mean in 1/N and taken out.
    """
    forms = {
        name: form
        for name, form in forms.items()
        if np.isfinite(form.values).sum(axis=1).min() >= (LEAST if depth > 1 else 0)
        and np.isfinite(form.values[-criterion.top_widths :]).sum() >= LEAST
    }
    p_values = {
        name: mean_against(_unbiased(form.values, widths, depth, criterion), form.expected)
        for name, form in forms.items()
    }
    sure = level * criterion.refutation / criterion.level
    result = _holm_result(p_values, (level, sure), "entries of T have the mean T^∞")
    if result.outcome is not Outcome.SUPPORTED or len(widths) < 3:
        return result
    found = _rate(forms, widths, criterion)
    rate = found.whole
    text = (
        f"{result.reason.text}; their spread goes like N^x with x = {rate.value:.2f} "
        f"in [{rate.low:.2f}, {rate.high:.2f}]"
    )
    if rate.within(RATE, criterion.slope_margin):
        return PartResult(Outcome.SUPPORTED, Reason(text, "rate"))
    if found.excludes(RATE, criterion.slope_margin):
        return PartResult(Outcome.REFUTED, Reason(text, "rate"))
    return PartResult(Outcome.UNDECIDED, Reason(text, "rate", rate.remedy(criterion.slope_margin)))


def _unbiased(values: Floats, widths: Sequence[int], depth: int, criterion: Criterion) -> Floats:
    """The samples at the largest widths, with a fitted 1/N bias removed where there is one."""
    top = criterion.top_widths
    if depth == 1:
        return finite(values[-top:])
    inverse = 1.0 / np.asarray(widths, dtype=np.float64)
    means = np.nanmean(values, axis=1)
    weights = 1.0 / np.maximum(np.nanvar(values, axis=1), 1e-300)
    design = np.stack([np.ones_like(inverse), inverse])
    normal = (design * weights) @ design.T
    _, bias = np.linalg.solve(normal, (design * weights) @ means)
    return finite(values[-top:] - bias * inverse[-top:, None])


def _rate(forms: Mapping[str, Projection], widths: Sequence[int], criterion: Criterion) -> Trend:
    """Slope of the mean log spread of all forms of T."""
    values = np.stack([form.values for form in forms.values()])
    values = values[:, :, np.isfinite(values).all(axis=(0, 1))]
    varying = np.array([np.ptp(form) > 1e-9 * np.abs(form).max() for form in values])
    if values.shape[2] < 4 or not varying.any():
        return NO_TREND
    log_widths = np.log(np.asarray(widths, dtype=np.float64))
    return trend(log_widths, values[varying], "log_spread", criterion.level, criterion.seed)


def _holm_result(p_values: Mapping[str, float], levels: tuple[float, float], text: str) -> PartResult:
    """Rejected at the second, smaller level: refuted; at the first only: more seeds tell."""
    level, sure = levels
    if not p_values:
        return PartResult(Outcome.UNDECIDED, Reason("nothing was measured", remedy=MORE_SEEDS))
    rejected = [name for name, bad in holm(p_values, level).items() if bad]
    if rejected:
        worst = min(rejected, key=lambda name: p_values[name])
        words = (
            f"{len(rejected)} of {len(p_values)} rejected at family-wise {level:.2g}: {worst}, "
            f"p = {p_values[worst]:.1e}"
        )
        if not any(holm(p_values, sure).values()):
            return PartResult(Outcome.UNDECIDED, Reason(words, "rejected-once", MORE_SEEDS))
        return PartResult(Outcome.REFUTED, Reason(words, "rejected"))
    words = f"{len(p_values)} {text} (smallest p = {min(p_values.values()):.2g})"
    return PartResult(Outcome.SUPPORTED, Reason(words, "fits"))
