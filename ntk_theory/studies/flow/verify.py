"""Claims on training, from question to verdicts: ``ntk-theory verify --training``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, StoreError
from ntk_theory.setting.output_bias import ABSENT, OutputBias
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.flow.cells import FlowContext
from ntk_theory.studies.flow.claims import TrainingEvidence, decide_training
from ntk_theory.studies.flow.criterion import FlowCriterion
from ntk_theory.studies.flow.evidence import FlowRows, flow_evidence
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.question.study import Study
from ntk_theory.studies.question.training import FlowSettings
from ntk_theory.symbolic.asymptotics import Growth
from ntk_theory.symbolic.places import End
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory import classify
from ntk_theory.theory.profile import GroupProfile

if TYPE_CHECKING:
    from ntk_theory.studies.question.case import ProblemLike

DEFAULT_TRAINING_S = tuple(map(Fraction, ("1/5", "3/10", "2/5", "1/2", "3/4", "1")))
DEFAULT_TRAINING_WIDTHS = (64, 256, 1024, 4096)
#: The size of a quick study of training.
QUICK_TRAINING: Mapping[str, Any] = {"widths": (64, 256, 1024), "seeds": 8, "points": 4}
#: What :func:`verify_training` finds.
TrainingResult: TypeAlias = Result[TrainingEvidence]
#: Rules of the paper without which Theorem 2.3 does not speak of the question. An output bias belongs to the
#: paper's setting too, but the theorem makes sense without one and is then tested as it stands.
_SETTING = ("smooth-activation", "bounded-derivatives", "continuous-operator", "scalar-equation")


def verify_training(
    problems: Sequence[ProblemLike] | ProblemLike,
    *,
    s: Sequence[Any] = DEFAULT_TRAINING_S,
    widths: Sequence[int] = DEFAULT_TRAINING_WIDTHS,
    seeds: int = 16,
    points: int = 6,
    until: float = FlowSettings.until,
    clock: Literal["raw", "kernel"] = "raw",
    depth: int = 1,
    activations: Sequence[str] | str = "tanh",
    output_bias: str = "zero",
    sweep: tuple[str, Sequence[Any]] | None = None,
    seed: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    criterion: FlowCriterion | None = None,
) -> TrainingResult:
    """Test the claims on training (Theorem 2.3 first) on networks that are trained by gradient flow.

    Parameters
    ----------
    problems, s, widths, seeds, points, depth, activations, output_bias, sweep, seed:
        The study, see :class:`~ntk_theory.studies.question.study.Study`. Every s is a flow of its own.
    until, clock:
        T, in raw or kernel time, see :class:`~ntk_theory.studies.question.training.FlowSettings`.
    store, workers, cluster, progress:
        As for :func:`~ntk_theory.studies.initialisation.verify.verify`.
    criterion:
        The numbers that turn drifts into verdicts; hashed into the store before the first network.

    Raises
    ------
    InputError, StoreError, Interrupted
    """
    study = Study.from_problems(
        problems,
        points=points,
        sweep=sweep,
        seed=seed,
        s=s,
        widths=widths,
        seeds=seeds,
        depth=depth,
        activations=activations,
        output_bias=output_bias,
        criterion=(criterion or FlowCriterion()).to_dict(),
        training=FlowSettings(until, clock),
    )
    with Store.open_or_create(store, study) as opened:
        run(study, opened, workers=workers, cluster=cluster, progress=progress)
        return record_training(opened)


def record_training(store: Store) -> TrainingResult:
    """As :func:`judge_training`; the verdicts go into the store, unless the latest there are the same."""
    result = judge_training(store)
    verdicts = result.to_dict()["verdicts"]
    if verdicts not in store.verdicts()[-1:]:
        store.add_verdicts(verdicts)
    return result


def judge_training(store: Store) -> TrainingResult:
    """The verdicts on what a store of flows holds, by the criterion that was frozen in it.

    Raises
    ------
    InputError
        The store holds kernels at initialisation.
    StoreError
        The frozen criterion is not one of this version.
    """
    study, data = store.study, store.data()
    if study.training is None:
        raise InputError(f"the store {store.path} holds kernels at initialisation; judge it with judge")
    try:
        criterion = FlowCriterion.from_dict(study.criterion)
    except InputError as cause:
        raise StoreError(f"the store {store.path} cannot be judged: {cause}") from None
    evidence = {
        (case.label, activation): training_evidence(study, data, case.label, activation, criterion)
        for case in study.cases
        for activation in study.activations
    }
    verdicts = {key: decide_training(e) for key, e in evidence.items()}
    return Result(study, data, evidence, verdicts, store.path)


def training_evidence(
    study: Study, data: StudyData, label: str, activation: str, criterion: FlowCriterion
) -> TrainingEvidence:
    """Gather the evidence on one case with one activation."""
    assert study.training is not None
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
        FlowContext.of(study, case, activation).limit_from_start[1] if study.training.clock == "raw" else "",
        criterion,
        criterion.level / (len(study.cases) * len(study.activations)),
        study.output_bias,
        study.training.clock,
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
