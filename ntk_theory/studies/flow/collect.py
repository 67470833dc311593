"""From the rows of a study of training to the evidence on one case with one activation."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.setting.output_bias import ABSENT, OutputBias
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.flow.cells import FlowContext, flow_settings
from ntk_theory.studies.flow.claims import TrainingEvidence
from ntk_theory.studies.flow.criterion import FlowCriterion
from ntk_theory.studies.flow.evidence import FlowRows, flow_evidence
from ntk_theory.studies.question.study import Study
from ntk_theory.symbolic.asymptotics import Growth
from ntk_theory.symbolic.places import End
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory import classify
from ntk_theory.theory.profile import GroupProfile

#: Rules of the paper without which Theorem 2.3 does not speak of the question. An output bias belongs to the
#: paper's setting too, but the theorem makes sense without one and is then tested as it stands.
_SETTING = ("smooth-activation", "bounded-derivatives", "continuous-operator", "scalar-equation")


def training_evidence(
    study: Study, data: StudyData, label: str, activation: str, criterion: FlowCriterion
) -> TrainingEvidence:
    """Gather the evidence on one case with one activation."""
    clock = flow_settings(study).clock
    case = study.case(label)
    groups = [group.name for group in case.problem.groups]

    def rows(s: Fraction) -> FlowRows:
        def plain(quantity: str) -> Floats:
            return data.values(label, activation, "", s, quantity)

        return FlowRows(
            s,
            study.widths,
            plain("spectral"),
            data.values(label, activation, "all", s, "relative"),
            data.values(label, activation, "all", s, "size"),
            plain("parameter_sup"),
            {g: plain(f"gradient_start:{g}") for g in groups},
            {g: plain(f"gradient_sup:{g}") for g in groups},
            {g: plain(f"gradient_time:{g}") for g in groups},
            data.values(label, activation, "", "", "limit_spectral") if s > Fraction(1, 2) else None,
        )

    failures: dict[Fraction, str] = {}
    for failure in data.failures(label):
        if failure.cell.activation == activation:
            for s in study.s if failure.s == "" else (Fraction(failure.s),):
                failures.setdefault(s, failure.message)
    return TrainingEvidence(
        {s: flow_evidence(rows(s), criterion) for s in study.s},
        all(leg.is_linear for group in case.problem.groups for leg in group.legs),
        _setting(case.problem, activation),
        {s: unbounded_gradient(case.problem, s, study.output_bias) for s in study.s},
        FlowContext.of(study, case, activation).limit_from_start[1] if clock == "raw" else "",
        criterion,
        criterion.level / (len(study.cases) * len(study.activations)),
        study.output_bias,
        clock,
        failures,
    )


def _setting(problem: Problem, activation: str) -> str:
    """Why Theorem 2.3 does not speak of this problem; empty where it does."""
    steps = classify(problem, activation=activation).paper.steps
    return next((steps[code].because for code in _SETTING if str(steps[code].answer) != "yes"), "")


def unbounded_gradient(problem: Problem, s: Fraction, output_bias: str) -> str:
    """Why F_α has no bound that is uniform in N along training, by the degrees of THEORY §3; else empty.

    At jets near 0 for every s (fields pass through 0), at large jets where s < 1/2 makes them grow.

    >>> import ntk_theory as nt
    >>> unbounded_gradient(nt.problem("u_t - u_xx + |u|^(1/2)"), Fraction(1), "zero")
    'some F_α of group f is unbounded where the jets go to 0, like ε^(-1/2)'
    """
    ends = [(End.ZERO, ABSENT, "is unbounded where the jets go to 0", -1)]
    if s < Fraction(1, 2):
        ends.append((End.INFINITY, OutputBias.of(output_bias), "grows with the jets, which grow with N", 1))
    for group in problem.groups:
        for end, bias, words, sign in ends:
            profile = GroupProfile.of(group, bias)
            for field in profile.fields:
                degree = profile.hidden(field, end)
                if degree.growth is Growth.EXPLOSIVE:
                    return f"some F_α of group {group.name} {words}, faster than any power"
                if degree.growth is not Growth.POWER:
                    continue
                exponent = sign * sp.sympify(degree.exponent)
                if exponent > 0 or (exponent == 0 and degree.logs > 0):
                    power = f"like ε^({degree.exponent})" if exponent != 0 else "like a logarithm"
                    return f"some F_α of group {group.name} {words}, {power}"
    return ""
