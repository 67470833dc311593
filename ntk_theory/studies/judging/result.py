"""What a study found: the question, the numbers, the evidence, and a verdict on every claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from ntk_theory.errors import InputError
from ntk_theory.frames import frame
from ntk_theory.shown import Brief, Shown, on_a_screen
from ntk_theory.studies.engine.export import to_pandas
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.judging.verdict import Outcome, Verdict
from ntk_theory.studies.question.study import Study

Evidence = TypeVar("Evidence")


@dataclass(frozen=True, eq=False, repr=False)
class Result(Shown, Generic[Evidence]):
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
    refuted_by:
        Code of a claim → what would refute it.
    """

    study: Study
    data: StudyData
    evidence: Mapping[tuple[str, str], Evidence]
    verdicts: Mapping[tuple[str, str], tuple[Verdict, ...]]
    path: Path
    refuted_by: Mapping[str, str] = field(default_factory=dict)

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
        """The verdicts on one claim (and block); a claim that was not judged is refused by its name."""
        known = sorted({verdict.claim for verdict in self})
        if claim not in known:
            raise InputError(f"claim is {claim!r}; this study judged {', '.join(known) or 'none'}")
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
            "features": self.study.features,
            "initialisation": self.study.initialisation,
            **self.study.marks,
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
        return to_pandas(self.data)

    def verdicts_to_pandas(self) -> Any:
        """One row per verdict: case, activation, claim, block, s, outcome, reason."""
        found = [(*key, v) for key, verdicts in self.verdicts.items() for v in verdicts]
        return frame(
            {
                "case": [case for case, _, _ in found],
                "activation": [activation for _, activation, _ in found],
                "claim": [v.claim for *_, v in found],
                "block": [v.block for *_, v in found],
                "s": [None if v.s is None else str(v.s) for *_, v in found],
                "outcome": [str(v.outcome) for *_, v in found],
                "reason": [str(v.reason) for *_, v in found],
            },
            study=self.study.digest,
        )

    def brief(self) -> Brief:
        """One row per case and claim: its outcomes counted, and what was found."""
        rows = tuple(
            (case, activation, *cells)
            for (case, activation), verdicts in self.verdicts.items()
            for cells in summary_cells(verdicts)
        )
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items())
        made = ", ".join(f"{what} {how}" for what, how in self.study.made.items())
        head = ("problem", "activation", "claim", "outcome", "evidence")
        return Brief(f"verdicts: {counts or 'none'}", head, rows, (made, f"store: {self.path}"))

    def latex(self, label: str = "") -> str:
        """The table of verdicts in LaTeX (package ``booktabs``) with a caption."""
        found, study = self.brief(), self.study
        s = ", ".join(map(str, study.s))
        made = (
            f"Verdicts of {study.seeds} networks per width {study.widths[0]} to {study.widths[-1]}, s = {s}"
        )
        return replace(found, title=f"{made} (study {study.digest[:12]}).").latex(label)

    def __str__(self) -> str:
        lines = []
        for (case, activation), verdicts in self.verdicts.items():
            made = ", ".join(f"{what} {how}" for what, how in self.study.made.items())
            lines.append(f"{case}, {activation}, {made}")
            lines += [f"  {line}" for line in summary_lines(verdicts)]
        return on_a_screen(lines)


def summary_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per claim: its outcomes counted, and the reason of the first that is not supported."""
    return [f"{code:16} {shown}  ({found})" for code, shown, found in summary_cells(verdicts)]


def summary_cells(verdicts: Sequence[Verdict]) -> list[tuple[str, str, str]]:
    """(claim, outcomes counted, the reason of the first that is not supported) for every claim."""
    cells = []
    for code in dict.fromkeys(v.claim for v in verdicts):
        own = [v for v in verdicts if v.claim == code]
        counts = Counter(v.outcome for v in own)
        shown = ", ".join(
            f"{count} {outcome}" if len(own) > 1 else str(outcome) for outcome, count in counts.items()
        )
        first = next((v for v in own if v.outcome is not Outcome.SUPPORTED), own[0])
        where = f"{first.block} s = {first.s}: ".lstrip() if first.s is not None else ""
        cells.append((code, shown, f"{where}{first.reason}"))
    return cells
