"""The main job: put every claim about a problem's kernel to the test, from question to verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ntk_theory.errors import InputError, StoreError
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.initialisation.claims import ProblemEvidence, decide_all
from ntk_theory.studies.initialisation.collect import problem_evidence
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.question.study import DEFAULT_S, DEFAULT_WIDTHS, Study
from ntk_theory.theory.smoothness import need_smooth

if TYPE_CHECKING:
    from ntk_theory.studies.question.case import ProblemLike

#: The size of a quick study: fewer widths, networks and points. With 48 networks a spread's slope is known
#: to ±0.11, within the criterion's margin of 0.2.
QUICK: Mapping[str, Any] = {"widths": tuple(2**k for k in range(6, 12)), "seeds": 48, "points": 6}


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
    sweep: tuple[str, Sequence[Any]] | None = None,
    seed: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    criterion: Criterion | None = None,
) -> StudyResult:
    """Test every claim about the kernels of some problems on networks, and say what was found.

    Parameters
    ----------
    problems:
        Zoo names, expressions, problem files or problems.
    s, widths, seeds, points, depth, activations, output_bias, sweep, seed:
        The study, see :class:`~ntk_theory.studies.question.study.Study`.
    store:
        SQLite file; an existing one of the same study is resumed. Default: the user's data folder.
    workers, cluster, progress:
        See :func:`~ntk_theory.studies.engine.run.run`.
    criterion:
        The numbers that turn evidence into verdicts; hashed into the store before the first network.

    Returns
    -------
    StudyResult

    Raises
    ------
    InputError, StoreError, Interrupted
    """
    criterion = criterion or Criterion()
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
        criterion=criterion.to_dict(),
    )
    for case in study.cases:
        for activation in study.activations:
            need_smooth(case.problem, activation)
    with Store.open_or_create(store, study) as opened:
        run(study, opened, workers=workers, cluster=cluster, progress=progress)
        return record(opened)


def record(store: Store) -> StudyResult:
    """As :func:`judge`, and the verdicts go into the store, unless the latest ones there are the same."""
    result = judge(store)
    verdicts = result.to_dict()["verdicts"]
    if verdicts not in store.verdicts()[-1:]:
        store.add_verdicts(verdicts)
    return result


def judge(store: Store) -> StudyResult:
    """The verdicts on what a store holds, by the criterion that was frozen in it; the store may be read-only.

    Raises
    ------
    StoreError
        The frozen criterion is not one of this version.
    """
    study, data = store.study, store.data()
    if study.training is not None:
        raise InputError(f"the store {store.path} holds a study of training; judge it with judge_training")
    try:
        criterion = Criterion.from_dict(study.criterion)
    except InputError as cause:
        raise StoreError(f"the store {store.path} cannot be judged: {cause}") from None
    evidence = {
        (case.label, activation): problem_evidence(study, data, case.label, activation, criterion)
        for case in study.cases
        for activation in study.activations
    }
    verdicts = {key: decide_all(e) for key, e in evidence.items()}
    return StudyResult(study, data, evidence, verdicts, store.path)
