"""Claims on training, from question to verdicts: ``ntk-theory verify --training``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.flow.claims import TrainingEvidence
from ntk_theory.studies.flow.collect import training_evidence, unbounded_gradient
from ntk_theory.studies.flow.criterion import FlowCriterion
from ntk_theory.studies.flow.kind import DEFAULT_TRAINING_S, DEFAULT_TRAINING_WIDTHS, QUICK_TRAINING
from ntk_theory.studies.flow.settings import FlowSettings
from ntk_theory.studies.judging.judge import judge, record, verify_kind
from ntk_theory.studies.judging.own_claims import Claims
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.kinds import TRAINING

if TYPE_CHECKING:
    from ntk_theory.studies.question.case import ProblemLike

#: What was defined here once is still found here.
__all__ = [
    "DEFAULT_TRAINING_S",
    "DEFAULT_TRAINING_WIDTHS",
    "QUICK_TRAINING",
    "TrainingResult",
    "judge_training",
    "record_training",
    "training_evidence",
    "unbounded_gradient",
    "verify_training",
]

#: What :func:`verify_training` finds.
TrainingResult: TypeAlias = Result[TrainingEvidence]


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
    claims: Claims = (),
) -> TrainingResult:
    """Test the claims on training (Theorem 2.3 first) on networks that are trained by gradient flow.

    Parameters
    ----------
    problems, s, widths, seeds, points, depth, activations, output_bias, sweep, seed:
        The study, see :class:`~ntk_theory.studies.question.study.Study`. Every s is a flow of its own.
    until, clock:
        T, in raw or kernel time, see :class:`~ntk_theory.studies.flow.settings.FlowSettings`.
    store, workers, cluster, progress:
        As for :func:`~ntk_theory.studies.initialisation.verify.verify`.
    criterion:
        The numbers that turn drifts into verdicts; hashed into the store before the first network.
    claims:
        Your own, or the path of a file of them (``"mine.py"``); see
        :func:`ntk_theory.studies.judging.own_claims.claim`.

    Raises
    ------
    InputError
        Arguments that do not fit together, or a claim that does not fit the kind of study.
    StoreError
        The store belongs to another study, is damaged, or cannot be written.
    Interrupted
        A signal asked to stop; what was computed is kept, and the same call goes on from there.
    """
    return verify_kind(
        TRAINING,
        problems,
        settings=FlowSettings(until, clock),
        criterion=criterion,
        store=store,
        workers=workers,
        cluster=cluster,
        progress=progress,
        claims=claims,
        s=s,
        widths=widths,
        seeds=seeds,
        points=points,
        depth=depth,
        activations=activations,
        output_bias=output_bias,
        sweep=sweep,
        seed=seed,
    )


#: As :func:`judge_training`; the verdicts go into the store, unless the latest there are the same.
record_training = record


def judge_training(store: Store) -> TrainingResult:
    """As :func:`ntk_theory.studies.judging.judge.judge`, of a store of flows.

    Raises
    ------
    InputError
        The store holds kernels at initialisation.
    """
    return judge(store, TRAINING)
