"""Kinds of study: everything that is not the same for all of them, in one object.

A field without a default that a new kind forgets is named by the interpreter when its table line is first
used; tests/conformance runs every kind of :data:`ntk_theory.studies.kinds.KINDS` through the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ntk_theory.studies.engine.cost import CostOf, Estimate, estimate
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.engine.sampling import ContextOf, KernelsOf, LawContextOf
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.criterion import CriterionBase
from ntk_theory.studies.judging.verdict import Verdict
from ntk_theory.studies.kinds import load
from ntk_theory.studies.question.study import Settings, Study

Evidence = TypeVar("Evidence")
Found_co = TypeVar("Found_co", covariant=True)


class SettingsReader(Protocol):
    """The class of a kind's settings, which reads what it wrote."""

    def from_dict(self, table: Mapping[str, Any], /) -> Settings:
        """The settings that ``to_dict`` wrote."""


class EvidenceOf(Protocol[Found_co]):
    """From the numbers of one case and activation to the evidence on it; frozen criterion in hand."""

    def __call__(
        self, study: Study, data: StudyData, case: str, activation: str, criterion: Any, /
    ) -> Found_co:
        """Everything that the kind's claims may use."""


def no_kernels(study: Study) -> Sequence[str]:
    """None named."""
    return ()


@dataclass(frozen=True)
class Kind(Generic[Evidence]):
    """One kind of study.

    Attributes
    ----------
    name:
        As in a study's JSON and in :data:`ntk_theory.studies.kinds.KINDS`.
    title:
        What the cells hold, in words: "kernels at initialisation".
    settings:
        The class of what it fixes besides the networks; ``None`` if nothing.
    context:
        What the cells of a case and activation share: their layout, and how one is computed.
    law_context:
        The same, where cells need the infinite-width law first; ``None`` where they need none.
    cost:
        Seconds and bytes of one cell.
    criterion:
        The class of its criterion; the defaults are frozen into a study that names no other.
    evidence, claims:
        From numbers to evidence, and what is decided by it.
    usual, quick:
        Settings of a study (s, widths, seeds, points) that are not given, and of a quick one.
    kernels:
        The compiled kernels that its cells use, which processes then compile side by side; what is not named
        is compiled by every process that comes to it first.
    trial:
        Settings with which a cell takes a moment: enough to see that all parts fit, too little to decide.
    judged_by:
        The name of the function that judges stores of this kind and no other.
    """

    name: str
    title: str
    settings: SettingsReader | None
    context: ContextOf
    law_context: LawContextOf | None
    cost: CostOf
    criterion: type[CriterionBase]
    evidence: EvidenceOf[Evidence]
    claims: Sequence[Claim[Evidence]]
    usual: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    kernels: KernelsOf = no_kernels
    trial: Mapping[str, Any] = field(default_factory=dict)
    judged_by: str = "ntk_theory.studies.judging.judge.judge"

    def estimate(self, study: Study) -> Estimate:
        """What a study of this kind takes."""
        return estimate(study, self.cost)

    def decide(self, evidence: Evidence) -> tuple[Verdict, ...]:
        """The verdict on every claim."""
        return tuple(verdict for claim in self.claims for verdict in claim.verdicts(evidence))


def kind_of(study: Study) -> Kind[Any]:
    """The kind of a study.

    Raises
    ------
    InputError
        This version has no such kind.
    """
    return kind(study.kind)


def kind(name: str) -> Kind[Any]:
    """The kind of this name; see :func:`ntk_theory.studies.kinds.load`."""
    found: Kind[Any] = load(name)
    return found
