"""The main job: put every claim about a problem's kernel to the test, from question to verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntk_theory.errors import InputError, StoreError
from ntk_theory.studies.claims import Outcome, ProblemEvidence, Verdict, decide_all
from ntk_theory.studies.criterion import Criterion
from ntk_theory.studies.data import StudyData
from ntk_theory.studies.gather import problem_evidence
from ntk_theory.studies.runner import run
from ntk_theory.studies.store import Store
from ntk_theory.studies.study import DEFAULT_S, DEFAULT_WIDTHS, Study

if TYPE_CHECKING:
    from ntk_theory.studies.cases import ProblemLike

#: The size of a quick study: fewer widths, networks and points. With 48 networks a spread's slope is known
#: to ±0.11, within the criterion's margin of 0.2.
QUICK: Mapping[str, Any] = {"widths": tuple(2**k for k in range(6, 12)), "seeds": 48, "points": 6}


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What a study found.

    Attributes
    ----------
    study, data:
        The question, and the numbers measured.
    evidence:
        (case, activation) → the evidence, with the classification that was tested.
    verdicts:
        (case, activation) → one verdict per claim, or per claim, block and s.
    path:
        The store, from which everything here can be made again.
    """

    study: Study
    data: StudyData
    evidence: Mapping[tuple[str, str], ProblemEvidence]
    verdicts: Mapping[tuple[str, str], tuple[Verdict, ...]]
    path: Path

    def __iter__(self) -> Iterator[Verdict]:
        for verdicts in self.verdicts.values():
            yield from verdicts

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How often each outcome occurs."""
        return Counter(verdict.outcome for verdict in self)

    @property
    def is_complete(self) -> bool:
        """Was every cell computed, without failures?"""
        return self.data.is_complete and not self.data.failures()

    def select(self, claim: str, block: str | None = None) -> list[Verdict]:
        """The verdicts on one claim (and block)."""
        return [v for v in self if v.claim == claim and block in (None, v.block)]

    def to_dict(self) -> dict[str, Any]:
        """Question, verdicts and outcomes as plain data."""
        return {
            "study": self.study.digest,
            "store": str(self.path),
            "cases": [case.label for case in self.study.cases],
            "s": [str(s) for s in self.study.s],
            "widths": list(self.study.widths),
            "seeds": self.study.seeds,
            "depth": self.study.depth,
            "output_bias": self.study.output_bias,
            "criterion": dict(self.study.criterion),
            "complete": self.is_complete,
            "failures": [f._asdict() | {"cell": list(f.cell)} for f in self.data.failures()],
            "outcomes": {str(outcome): count for outcome, count in self.outcomes.items()},
            "verdicts": [
                {"case": case, "activation": activation, **verdict.to_dict()}
                for (case, activation), verdicts in self.verdicts.items()
                for verdict in verdicts
            ],
        }

    def to_pandas(self) -> Any:
        """The tidy rows of the study as a pandas DataFrame."""
        from ntk_theory.studies.export import to_pandas  # noqa: PLC0415  pandas is an extra

        return to_pandas(self.data)

    def export(self, path: str | Path) -> None:
        """Write the tidy rows as CSV, JSON or NPZ, by the ending of ``path``."""
        from ntk_theory.studies.export import export  # noqa: PLC0415

        export(self.data, path)

    def __str__(self) -> str:
        lines = []
        for (case, activation), verdicts in self.verdicts.items():
            lines.append(f"{case}, {activation}, output bias {self.study.output_bias}")
            lines += [f"  {line}" for line in summary_lines(verdicts)]
        return "\n".join(lines)


def summary_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per claim: its outcomes counted, and the reason of the first that is not supported."""
    lines = []
    for code in dict.fromkeys(v.claim for v in verdicts):
        own = [v for v in verdicts if v.claim == code]
        counts = Counter(v.outcome for v in own)
        shown = ", ".join(
            f"{count} {outcome}" if len(own) > 1 else str(outcome) for outcome, count in counts.items()
        )
        first = next((v for v in own if v.outcome is not Outcome.SUPPORTED), own[0])
        where = f"{first.block} s = {first.s}: " if first.s is not None else ""
        lines.append(f"{code:16} {shown}  ({where}{first.reason})")
    return lines


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
        The study, see :class:`~ntk_theory.studies.study.Study`.
    store:
        SQLite file; an existing one of the same study is resumed. Default: the user's data folder.
    workers, cluster, progress:
        See :func:`~ntk_theory.studies.runner.run`.
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
