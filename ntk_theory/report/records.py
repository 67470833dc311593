"""Studies as JSON-like data, one function per kind with more to say than verdicts; keys are only added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ntk_theory.report import gains
from ntk_theory.report.drifts import TrainingAnswer, training_answers
from ntk_theory.report.rows import agreement, answers
from ntk_theory.report.words import finite
from ntk_theory.studies.flow.evidence import FlowEvidence
from ntk_theory.studies.flow.verify import TrainingResult
from ntk_theory.studies.initialisation.verify import StudyResult
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.judging.statistics import Interval
from ntk_theory.studies.judging.verdict import Outcome


def plain(results: Sequence[Result[Any]]) -> dict[str, Any]:
    """Studies of any kind: settings and verdicts."""
    return {
        "refuted": sum(result.outcomes[Outcome.REFUTED] for result in results),
        "complete": all(result.is_complete for result in results),
        "studies": [result.to_dict() for result in results],
    }


def initialisation(results: Sequence[StudyResult]) -> dict[str, Any]:
    """Studies of kernels at initialisation: also how predicted and observed limits agree."""
    shared = plain(results)
    return {"refuted": shared.pop("refuted"), "agreement": agreement(answers(results)).to_dict(), **shared}


def training(results: Sequence[TrainingResult]) -> dict[str, Any]:
    """Studies of training: also the measured medians."""
    every = plain(results)
    for study, result in zip(every["studies"], results, strict=True):
        study["measured"] = [_measured(answer) for answer in training_answers([result])]
    return every


def width(results: Sequence[Result[Any]]) -> dict[str, Any]:
    """Studies of width: also medians by method and width, exponents and their parts."""
    every = plain(results)
    for study, result in zip(every["studies"], results, strict=True):
        study["measured"] = [gains.to_dict(*key, e) for key, e in result.evidence.items()]
    return every


def _measured(answer: TrainingAnswer) -> dict[str, Any]:
    return {
        "case": answer.label,
        "activation": answer.activation,
        "at": {str(s): _drift(e) for s, e in answer.evidence.at.items()},
    }


def _drift(e: FlowEvidence) -> dict[str, Any]:
    return {
        "networks": e.networks,
        "drift": [finite(x) for x in e.spectral],
        "drift_exponent": _interval(e.spectral_trend.whole),
        "relative_drift": [finite(x) for x in e.relative],
        "relative_exponent": _interval(e.relative_trend.whole),
        "limiting_drift": e.limit,
        "measured_over_limiting": None if e.ratio is None else _interval(e.ratio),
        "parameter_sup_relative": finite(e.parameters.value),
        "gradient_sup": {bound.name: finite(bound.value) for bound in e.gradients},
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    return {name: finite(getattr(interval, name)) for name in ("value", "low", "high")}
