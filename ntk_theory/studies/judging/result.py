"""What a study found: the question, the numbers, the evidence, and a verdict on every claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.judging.verdict import Outcome, Verdict
from ntk_theory.studies.question.study import Study

Evidence = TypeVar("Evidence")


@dataclass(frozen=True, eq=False)
class Result(Generic[Evidence]):
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
    evidence: Mapping[tuple[str, str], Evidence]
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
        from ntk_theory.studies.engine.export import to_pandas  # noqa: PLC0415  pandas is an extra

        return to_pandas(self.data)

    def __str__(self) -> str:
        lines = []
        for (case, activation), verdicts in self.verdicts.items():
            made = ", ".join(f"{what} {how}" for what, how in self.study.made.items())
            lines.append(f"{case}, {activation}, {made}")
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
        where = f"{first.block} s = {first.s}: ".lstrip() if first.s is not None else ""
        lines.append(f"{code:16} {shown}  ({where}{first.reason})")
    return lines
