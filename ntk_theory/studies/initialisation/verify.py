"""The main job: put every claim about a problem's kernel to the test, from question to verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.initialisation.claims import ProblemEvidence
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.kind import QUICK
from ntk_theory.studies.judging.judge import judge as judge_any
from ntk_theory.studies.judging.judge import record, verify_kind
from ntk_theory.studies.judging.own_claims import Claims
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.kinds import DEFAULT
from ntk_theory.studies.question.study import DEFAULT_S, DEFAULT_WIDTHS

if TYPE_CHECKING:
    from ntk_theory.studies.question.case import ProblemLike

#: What was defined here once is still found here.
__all__ = ["QUICK", "StudyResult", "judge", "record", "verify"]

#: What :func:`verify` finds: verdicts on kernels at initialisation.
StudyResult: TypeAlias = Result[ProblemEvidence]


def verify(
    problems: Sequence[ProblemLike] | ProblemLike,
    *,
    s: Sequence[Any] = DEFAULT_S,
    widths: Sequence[int] = DEFAULT_WIDTHS,
    seeds: int = 64,
    points: int = 16,
    depth: int = 1,
    activations: Sequence[str] | str = "tanh",
    output_bias: str = "zero",
    features: Mapping[str, Any] | None = None,
    initialisation: str | Mapping[str, Any] | None = None,
    sweep: tuple[str, Sequence[Any]] | None = None,
    seed: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    criterion: Criterion | None = None,
    claims: Claims = (),
) -> StudyResult:
    """Test every claim about the kernels of some problems on networks, and say what was found.

    Parameters
    ----------
    problems:
        Zoo names, expressions, problem files or problems.
    s, widths, seeds, points, depth, activations, output_bias, features, initialisation, sweep, seed:
        The study, see :class:`~ntk_theory.studies.question.study.Study`.
    store:
        SQLite file; an existing one of the same study is resumed. Default: the user's data folder.
    workers, cluster, progress:
        See :func:`~ntk_theory.studies.engine.run.run`.
    criterion:
        The numbers that turn evidence into verdicts; hashed into the store before the first network.
    claims:
        Your own, or the path of a file of them (``"mine.py"``); see
        :func:`ntk_theory.studies.judging.own_claims.claim`.

    Returns
    -------
    StudyResult

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
        DEFAULT,
        problems,
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
        features=features,
        initialisation=initialisation,
        sweep=sweep,
        seed=seed,
    )


def judge(store: Store) -> StudyResult:
    """As :func:`ntk_theory.studies.judging.judge.judge`, of a store of kernels at initialisation.

    Raises
    ------
    InputError
        The store holds a study of another kind.
    """
    return judge_any(store, DEFAULT)
