"""From a store to verdicts, and from a question to a store: the same way for every kind of study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ntk_theory.errors import InputError, StoreError
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.judging.criterion import CriterionBase
from ntk_theory.studies.judging.kind import kind, kind_of
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.question.case import ProblemLike
from ntk_theory.studies.question.study import Settings, Study
from ntk_theory.theory.smoothness import need_smooth


def verify_kind(
    name: str,
    problems: Sequence[ProblemLike] | ProblemLike,
    *,
    settings: Settings | None = None,
    criterion: CriterionBase | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    **options: Any,
) -> Result[Any]:
    """Test the claims of one kind of study: ask, run, judge, record.

    Parameters
    ----------
    name:
        One of :data:`ntk_theory.studies.kinds.KINDS`.
    problems:
        Zoo names, expressions, problem files or problems; one or several.
    settings:
        What the kind fixes besides the networks.
    criterion:
        Of the kind's class; default: that class's own numbers.
    store, workers, cluster, progress:
        See :func:`~ntk_theory.studies.engine.run.run`.
    options:
        Of :meth:`~ntk_theory.studies.question.study.Study.from_problems`; others are the kind's usual ones.

    Raises
    ------
    SmoothnessError
        An activation has too few derivatives for a problem; nothing is stored or drawn.
    """
    chosen = kind(name)
    if chosen.settings is not None and (settings is None or settings.kind != name):
        raise InputError(f"a study of {chosen.title} needs its settings; got {settings!r}")
    study = Study.from_problems(
        problems,
        **{**chosen.usual, **options},
        criterion=(criterion or chosen.criterion()).to_dict(),
        settings=settings,
    )
    for case in study.cases:
        for activation in study.activations:
            need_smooth(case.problem, activation)
    with Store.open_or_create(store, study) as opened:
        run(study, opened, workers=workers, cluster=cluster, progress=progress)
        return record(opened)


def record(store: Store) -> Result[Any]:
    """As :func:`judge`, and the verdicts go into the store, unless the latest ones there are the same."""
    result = judge(store)
    verdicts = result.to_dict()["verdicts"]
    if verdicts not in store.verdicts()[-1:]:
        store.add_verdicts(verdicts)
    return result


def judge(store: Store, expected: str | None = None) -> Result[Any]:
    """The verdicts on what a store holds, by the criterion that was frozen in it; the store may be read-only.

    Parameters
    ----------
    store:
        Of any kind.
    expected:
        The kind that it must be of; default: any.

    Raises
    ------
    InputError
        The store is of another kind than expected.
    StoreError
        The frozen criterion is not one of this version.
    """
    study, data = store.study, store.data()
    own = kind_of(study)
    if expected not in (None, own.name):
        raise InputError(f"the store {store.path} holds {own.title}; judge it with {own.judged_by}")
    try:
        criterion = own.criterion.from_dict(study.criterion)
    except InputError as cause:
        raise StoreError(f"the store {store.path} cannot be judged: {cause}") from None
    evidence = {
        (case.label, activation): own.evidence(study, data, case.label, activation, criterion)
        for case in study.cases
        for activation in study.activations
    }
    verdicts = {key: own.decide(e) for key, e in evidence.items()}
    return Result(study, data, evidence, verdicts, store.path)
