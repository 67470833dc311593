"""Claims of sources put to problems: one study per kind that they need, and their exhibits.

All claims of one kind are judged on the same networks. A study lies in a store, so that a hearing that was
interrupted goes on where it was; its criterion is frozen there before the first network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ntk_theory.claims.beyond import Beyond, strongest
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.nonlinear import known_coefficients
from ntk_theory.claims.source import EXHIBIT, Source, SourceClaim
from ntk_theory.shown import Brief, Shown
from ntk_theory.studies.judging.judge import verify_kind
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.judging.verdict import Outcome, Verdict
from ntk_theory.studies.question.case import make_cases
from ntk_theory.symbolic.reading import problem as as_problem


@dataclass(frozen=True)
class Heard:
    """One claim of one source on one problem, with its verdicts.

    ``beyond`` is what was found beyond the claim's hypotheses, where that was asked and the claim does not
    speak of the problem; ``outcome`` and ``verdicts`` are within them, always.
    """

    source: Source
    claim: SourceClaim
    problem: str
    verdicts: tuple[Verdict, ...]
    beyond: Beyond | None = None

    @property
    def outcome(self) -> Outcome:
        """Refuted if any verdict is, else supported if any is, else undecided, else not applicable."""
        return strongest(self.verdicts)

    @property
    def because(self) -> str:
        """The reason of the first verdict with that outcome, or what was found beyond the hypotheses."""
        return self.reason if self.beyond is None else self.beyond.because

    @property
    def reason(self) -> str:
        """The reason of the first verdict with that outcome."""
        return next((str(v.reason) for v in self.verdicts if v.outcome is self.outcome), "no verdict")

    @property
    def words(self) -> str:
        """The outcome, and what was found beyond the hypotheses: ``beyond: does not extend``."""
        return str(self.outcome) if self.beyond is None else f"beyond: {self.beyond.says}"

    def to_dict(self) -> dict[str, Any]:
        """Source, claim, problem, outcome and every verdict."""
        return {
            "source": self.source.key,
            "claim": self.claim.code,
            "statement": self.claim.statement,
            "reading": str(self.claim.reading),
            "problem": self.problem,
            "outcome": str(self.outcome),
            "because": self.because,
            "refuted_by": self.claim.refuted_by,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "beyond": None if self.beyond is None else self.beyond.to_dict(),
        }


@dataclass(frozen=True, repr=False)
class Hearing(Shown):
    """What was heard: one row for each claim and problem; ``stores`` are the studies behind it."""

    rows: tuple[Heard, ...]
    stores: tuple[Path, ...]

    def decided(self) -> dict[str, bool]:
        """Source → was one of its claims supported or refuted on some problem, within its hypotheses?"""
        return self._any(lambda row: row.outcome in (Outcome.SUPPORTED, Outcome.REFUTED))

    def decided_beyond(self) -> dict[str, bool]:
        """Source → was it found of one of its claims, beyond its hypotheses, whether it extends?"""
        return self._any(lambda row: row.beyond is not None and row.beyond.is_decided)

    def _any(self, said: Callable[[Heard], bool]) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for row in self.rows:
            found[row.source.key] = found.get(row.source.key, False) or said(row)
        return found

    def summary(self) -> str:
        """How many sources are decided within their hypotheses, and how many more beyond them."""
        within, beyond = self.decided(), self.decided_beyond()
        text = f"{sum(within.values())} of {len(within)} sources decided"
        if not any(row.beyond for row in self.rows):
            return text
        more = [key for key, said in beyond.items() if said and not within[key]]
        names = f" ({', '.join(more)})" if more else ""
        return f"{text} within their hypotheses, {len(more)} more beyond them only{names}"

    def to_dict(self) -> dict[str, Any]:
        """The rows, which sources are decided within their hypotheses, which beyond, and the stores."""
        return {
            "heard": [row.to_dict() for row in self.rows],
            "decided": self.decided(),
            "decided_beyond": self.decided_beyond(),
            "stores": [str(path) for path in self.stores],
        }

    def brief(self) -> Brief:
        """One line per claim and problem."""
        title = f"claims: {self.summary()}"
        head = ("source", "claim", "problem", "outcome", "because")
        rows = tuple((r.source.key, r.claim.code, r.problem, r.words, r.because[:160]) for r in self.rows)
        return Brief(title, head, rows, tuple(f"store: {path}" for path in self.stores))


def hear(
    sources: Sequence[Source],
    problems: Sequence[Any] | None = None,
    *,
    quick: bool = False,
    beyond: bool = False,
    seed: int = 0,
    folder: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
    options: Mapping[str, Any] | None = None,
) -> Hearing:
    """Put the claims of some sources to problems, or each to its own setting.

    Parameters
    ----------
    sources:
        See :func:`~ntk_theory.claims.registry.sources_of`.
    problems:
        For all of them; ``None``: every source's own.
    quick:
        Fewer widths, networks and points.
    beyond:
        Put a claim also to problems that its hypotheses leave out, by its own criterion, to see whether the
        hypothesis is needed; marked :attr:`Heard.beyond`, and counted apart.
    seed:
        Root of all random numbers.
    folder:
        Where the stores of the studies lie; default: in the user's data folder.
    workers, progress:
        See :func:`~ntk_theory.studies.engine.run.run`.
    options:
        Of every study, such as ``output_bias`` or ``depth``.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    StoreError
        The store belongs to another study, is damaged, or cannot be written.
    Interrupted
        A signal asked to stop; what was computed is kept, and the same call goes on from there.
    """
    asked = [(source, what) for source in sources for what in (problems or source.problems)]
    studies: dict[tuple[str, str], list[Any]] = {}
    for source, what in asked:
        for claim in source.claims:
            if claim.needs != EXHIBIT and not _left_out(claim.needs, what):
                more = source.options.get(claim.needs, {})
                held = studies.setdefault((claim.needs, repr(sorted(more.items()))), [more, []])[1]
                held.extend([what] if what not in held else [])
    results: dict[tuple[str, str], Any] = {}
    for (name, mark), (more, held) in studies.items():
        chosen = kind(name)
        own = [
            c.for_study(s.key, beyond=further)
            for further in ((False, True) if beyond else (False,))
            for s in sources
            for c in s.claims
            if c.needs == name
        ]
        size = {**(chosen.quick if quick else {}), **more}
        store = None if folder is None else Path(folder) / f"{name}-{len(results)}.sqlite"
        results[name, mark] = verify_kind(
            name,
            held,
            settings=None if chosen.settings is None else chosen.settings.from_dict({}),
            store=store,
            workers=workers,
            progress=progress,
            claims=[claim for claim in own if claim is not None],
            seed=seed,
            **{**size, **(options or {})},
        )
    exhibits: dict[str, Exhibit] = {}
    rows = []
    for source, what in asked:
        label = _label(what)
        for claim in source.claims:
            if claim.needs == EXHIBIT:
                exhibit = exhibits.setdefault(label, Exhibit.of(what, quick=quick, seed=seed))
                row = Heard(source, claim, label, (claim.exhibited(exhibit, source.key),))
                rows.append(_beyond_exhibited(row, exhibit) if beyond else row)
            else:
                why = _left_out(claim.needs, what)
                if why:
                    rows.append(Heard(source, claim, label, (claim.silent(why, source.key),)))
                    continue
                mark = repr(sorted(source.options.get(claim.needs, {}).items()))
                result = results[claim.needs, mark]
                row = Heard(source, claim, label, _of(result, claim.code, label))
                alike = [found for (name, _), found in results.items() if name == claim.needs]
                rows.append(_beyond_studied(row, alike) if beyond else row)
    return Hearing(tuple(rows), tuple(result.path for result in results.values()))


def _left_out(name: str, what: Any) -> str:
    """Why no study of a kind is made of a problem: all but the usual one refuse unknown coefficients."""
    return known_coefficients(as_problem(what)) if kind(name).settings is not None else ""


def _of(result: Any, code: str, label: str) -> tuple[Verdict, ...]:
    """The verdicts of a study on one claim and one problem."""
    return tuple(
        v
        for (case, _), verdicts in result.verdicts.items()
        for v in verdicts
        if v.claim == code and case == label
    )


def _beyond_exhibited(row: Heard, exhibit: Exhibit) -> Heard:
    """The same with what was found beyond the claim's hypotheses, where it can be asked."""
    claim, why = row.claim, row.claim.applies(exhibit.problem)
    if not why or claim.reaches is None or claim.reaches(exhibit.problem):
        return row
    return replace(row, beyond=Beyond(why, (claim.exhibited(exhibit, row.source.key, beyond=True),)))


def _beyond_studied(row: Heard, results: Sequence[Any]) -> Heard:
    """As for exhibits, from the study of the claim's kind that has most networks of the problem.

    Which one that is does not hang on what they show: a source's own study may be sized for its own setting.
    """
    if row.outcome is not Outcome.NOT_APPLICABLE or row.claim.decide_beyond is None:
        return row
    asked = [r for r in results if any(case.label == row.problem for case in r.study.cases)]
    largest = max(asked, key=lambda r: len(r.study.widths) * r.study.seeds)
    found = _of(largest, row.claim.code_beyond, row.problem)
    return replace(row, beyond=Beyond(row.reason, found)) if found else row


def _label(what: Any) -> str:
    """As a study calls the case."""
    return make_cases(what, points=1)[0].label
