"""Claims of sources put to problems: one study per kind that they need, and their exhibits.

All claims of one kind are judged on the same networks. A study lies in a store, so that a hearing that was
interrupted goes on where it was; its criterion is frozen there before the first network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.source import EXHIBIT, Source, SourceClaim
from ntk_theory.errors import InputError, NTKTheoryError
from ntk_theory.shown import Brief, Shown
from ntk_theory.studies.judging.judge import verify_kind
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.judging.verdict import Outcome, Verdict
from ntk_theory.studies.question.case import make_cases


@dataclass(frozen=True)
class Heard:
    """One claim of one source on one problem, with its verdicts."""

    source: Source
    claim: SourceClaim
    problem: str
    verdicts: tuple[Verdict, ...]

    @property
    def outcome(self) -> Outcome:
        """Refuted if any verdict is, else supported if any is, else undecided, else not applicable."""
        present = {v.outcome for v in self.verdicts}
        order = (Outcome.REFUTED, Outcome.SUPPORTED, Outcome.UNDECIDED)
        return next((o for o in order if o in present), Outcome.NOT_APPLICABLE)

    @property
    def because(self) -> str:
        """The reason of the first verdict with that outcome."""
        return next((str(v.reason) for v in self.verdicts if v.outcome is self.outcome), "no verdict")

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
        }


@dataclass(frozen=True, repr=False)
class Hearing(Shown):
    """What was heard: one row for each claim and problem; ``stores`` are the studies behind it."""

    rows: tuple[Heard, ...]
    stores: tuple[Path, ...]

    def decided(self) -> dict[str, bool]:
        """Source → was one of its claims supported or refuted on some problem?"""
        found: dict[str, bool] = {}
        for row in self.rows:
            said = row.outcome in (Outcome.SUPPORTED, Outcome.REFUTED)
            found[row.source.key] = found.get(row.source.key, False) or said
        return found

    def to_dict(self) -> dict[str, Any]:
        """The rows, which sources are decided, and the stores."""
        return {
            "heard": [row.to_dict() for row in self.rows],
            "decided": self.decided(),
            "stores": [str(path) for path in self.stores],
        }

    def brief(self) -> Brief:
        """One line per claim and problem."""
        decided = self.decided()
        title = f"claims of {len(decided)} sources, {sum(decided.values())} of them decided"
        head = ("source", "claim", "problem", "outcome", "because")
        rows = tuple(
            (r.source.key, r.claim.code, r.problem, str(r.outcome), r.because[:160]) for r in self.rows
        )
        return Brief(title, head, rows, tuple(f"store: {path}" for path in self.stores))


def hear(
    sources: Sequence[Source],
    problems: Sequence[Any] | None = None,
    *,
    quick: bool = False,
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
            if claim.needs != EXHIBIT:
                more = source.options.get(claim.needs, {})
                held = studies.setdefault((claim.needs, repr(sorted(more.items()))), [more, []])[1]
                held.extend([what] if what not in held else [])
    results: dict[tuple[str, str], Any] = {}
    for (name, mark), (more, held) in studies.items():
        chosen = kind(name)
        own = [c.for_study(s.key) for s in sources for c in s.claims if c.needs == name]
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
                found: tuple[Verdict, ...] = (_exhibited(claim, exhibit, source.key),)
            else:
                mark = repr(sorted(source.options.get(claim.needs, {}).items()))
                result = results[claim.needs, mark]
                found = tuple(
                    v
                    for (case, _), verdicts in result.verdicts.items()
                    for v in verdicts
                    if v.claim == claim.code and case == label
                )
            rows.append(Heard(source, claim, label, found))
    return Hearing(tuple(rows), tuple(result.path for result in results.values()))


def _exhibited(claim: SourceClaim, exhibit: Exhibit, source: str) -> Verdict:
    try:
        return claim.exhibited(exhibit, source)
    except InputError:
        raise
    except NTKTheoryError as error:
        raise InputError(
            f"the claim {claim.code} of {source} cannot be put to this problem: {error}"
        ) from error


def _label(what: Any) -> str:
    """As a study calls the case."""
    return make_cases(what, points=1)[0].label
