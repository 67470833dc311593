"""From a store to verdicts, and from a question to a store: the same way for every kind of study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ntk_theory.errors import InputError, StoreError
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.sqlite import is_blank
from ntk_theory.studies.engine.store import Store, default_path, opened
from ntk_theory.studies.judging.criterion import CriterionBase
from ntk_theory.studies.judging.kind import kind, kind_of
from ntk_theory.studies.judging.own_claims import Claims, checked
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
    claims: Claims = (),
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
    claims:
        The user's own, beside those of the kind, or the path of a file that holds them; see
        :func:`~ntk_theory.studies.judging.own_claims.claim`.
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
    own_claims = checked(claims, chosen)
    study = Study.from_problems(
        problems,
        **{**chosen.usual, **options},
        criterion=(criterion or chosen.criterion()).to_dict(),
        settings=settings,
    )
    for case in study.cases:
        for activation in study.activations:
            need_smooth(case.problem, activation)
    with _store_of(study, chosen.criterion, store) as found:
        return _completed(found, workers, cluster, progress, own_claims)


def _store_of(study: Study, criterion: type[CriterionBase], path: str | Path | None) -> Store:
    """The study's store; also one whose criterion says the same in fewer words, since it is older.

    A number that a criterion got later has its default in the stores that lack it, by which they are judged:
    that such a store does not spell it out is no other criterion. The frozen text stays as it is.
    """
    older = replace(study, criterion=criterion.older(study.criterion))
    if path is None:
        path = next((p for p in map(default_path, (study, older)) if p.exists()), default_path(study))
    if is_blank(Path(path)):
        return Store.create(path, study)
    with Store.open(path) as found:
        frozen = replace(study, criterion=found.criterion)
        try:
            same = criterion.from_dict(found.criterion) == criterion.from_dict(study.criterion)
        except InputError:  # of another version: refused below, with the reason
            same = False
    return Store.open(path, frozen if same else study)


def resume(
    store: Store | str | Path,
    *,
    into: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    claims: Claims = (),
) -> Result[Any]:
    """Compute what a store lacks, judge it, record the verdicts; with ``into``, the whole study once more.

    The store holds the whole question (problems, points, seeds, criterion), so nothing else is needed.

    Parameters
    ----------
    store:
        Of any kind of study, open or as a path.
    into:
        Another store, new or resumed, into which the study is computed; ``store`` is then only read.
    workers, cluster, progress:
        See :func:`~ntk_theory.studies.engine.run.run`.
    claims:
        The user's own or the path of their file, see :func:`ntk_theory.studies.judging.own_claims.claim`.

    Raises
    ------
    StoreError, WorkerError, Interrupted
        As :func:`~ntk_theory.studies.engine.run.run`.
    """
    with opened(store) as found:
        mine = checked(claims, kind_of(found.study))
        if into is None:
            return _completed(found, workers, cluster, progress, mine)
        study = found.study
    with Store.open_or_create(into, study) as fresh:
        return _completed(fresh, workers, cluster, progress, mine)


def _completed(
    store: Store, workers: int | None, cluster: str | None, progress: bool, claims: Claims
) -> Result[Any]:
    run(store.study, store, workers=workers, cluster=cluster, progress=progress)
    return record(store, claims=claims)


def record(store: Store | str | Path, *, claims: Claims = ()) -> Result[Any]:
    """As :func:`judge`, and the verdicts go into ``store``, unless the latest ones there are the same.

    ``claims`` are the user's own, judged beside those of the kind.
    """
    with opened(store) as found:
        result = judge(found, claims=claims)
        verdicts = result.to_dict()["verdicts"]
        if verdicts not in found.verdicts()[-1:]:
            found.add_verdicts(verdicts)
    return result


def judge(store: Store | str | Path, expected: str | None = None, *, claims: Claims = ()) -> Result[Any]:
    """The verdicts on what a store holds, by the criterion that was frozen in it; nothing is written.

    Parameters
    ----------
    store:
        Of any kind, open or as a path; its file may be read-only.
    expected:
        The kind that it must be of; default: any.
    claims:
        The user's own, judged beside those of the kind.

    Raises
    ------
    InputError
        The store is of another kind than expected, or a claim does not fit.
    StoreError
        The store cannot be read, or its frozen criterion is not one of this version.
    """
    with opened(store) as found:
        return _judged(found, expected, claims)


def _judged(store: Store, expected: str | None, claims: Claims) -> Result[Any]:
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
    mine = checked(claims, own)
    verdicts = {
        key: (*own.decide(e), *(v for claim in mine for v in claim.verdicts(e)))
        for key, e in evidence.items()
    }
    refuted_by = {claim.code: claim.refuted_by for claim in (*own.claims, *mine)}
    return Result(study, data, evidence, verdicts, store.path, refuted_by)
