"""Sources and their claims, as data: who says what, as far as it was read, and what refutes it.

A claim is decided in one of two ways. Its ``needs`` is a kind of study: then its verdicts are those of one of
the kind's own claims (``code``), or of a claim handed to the study beside them (``decide``), on the same
networks as all others. Or it is *exhibited*: computed from limit kernels or a few networks of fixed seeds by
``measure``, and judged by ``judge`` from those numbers alone, so that a false world can be put to it.

A claim may also be put to a problem *beyond its hypotheses*, by the same criterion: is this hypothesis
needed? What comes out says that the statement holds there too or that it does not extend, never that the
source is wrong (:mod:`ntk_theory.claims.beyond`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.errors import Interrupted, NTKTheoryError
from ntk_theory.studies.judging.own_claims import Decides, Finding, OwnClaim, claim
from ntk_theory.studies.judging.verdict import Outcome, Verdict
from ntk_theory.studies.kinds import DEFAULT
from ntk_theory.symbolic.problem import Problem

#: The name of the second way.
EXHIBIT = "exhibit"
#: Named numbers (or rows of numbers) that a claim is judged by.
Measures = Mapping[str, Any]


class Reading(StrEnum):
    """How the statement is known."""

    QUOTED = "quoted"
    PARAPHRASE = "our paraphrase of the text"
    ABSTRACT = "known by its abstract only"
    OURS = "our own reading of a result stated elsewhere"


@dataclass(frozen=True)
class SourceClaim:
    """One claim of a source.

    Attributes
    ----------
    code:
        Of the verdict; for a claim of a kind of study that kind's own code.
    statement, reading:
        What is said, and how it is known.
    hypotheses:
        Of what problems and networks it speaks.
    predicts:
        What it says of a problem, in a number or a sign that can be seen.
    refuted_by:
        What would refute it.
    needs:
        A kind of study, or :data:`EXHIBIT`.
    decide:
        From a kind's evidence to findings, for a claim that is none of the kind's own.
    applies:
        Why the claim does not speak of a problem; empty where it does.
    measure, judge:
        Of an exhibited claim.
    reaches:
        Of an exhibited claim: why it cannot be put to a problem beyond its hypotheses either; empty where it
        can. ``None``: what keeps it from a problem is no hypothesis that could be left out.
    decide_beyond:
        As ``decide``, of problems that the claim of a study does not speak of.
    """

    code: str
    statement: str
    reading: Reading
    hypotheses: str
    predicts: str
    refuted_by: str
    needs: str = DEFAULT
    decide: Decides | None = None
    applies: Callable[[Problem], str] = lambda _: ""
    measure: Callable[[Exhibit], Measures] | None = None
    judge: Callable[[Measures], Finding] | None = None
    reaches: Callable[[Problem], str] | None = None
    decide_beyond: Decides | None = None

    @property
    def code_beyond(self) -> str:
        """Of its verdicts beyond its hypotheses."""
        return f"{self.code}-beyond"

    def for_study(self, source: str, *, beyond: bool = False) -> OwnClaim | None:
        """The claim as one to be handed to a study; ``None`` where there is none to be handed.

        There is none for a kind's own or an exhibited claim, nor beyond the hypotheses of one that has no
        ``decide_beyond``.
        """
        decides = self.decide_beyond if beyond else self.decide
        return None if decides is None else self._named(source, beyond=beyond)(decides)

    def exhibited(self, exhibit: Exhibit, source: str, *, beyond: bool = False) -> Verdict:
        """The verdict on an exhibited claim; where it cannot be computed the claim is not applicable."""
        why = self.applies(exhibit.problem)
        if beyond:
            why = self.reaches(exhibit.problem) if self.reaches else "it is not put beyond its hypotheses"
        return self._verdict(
            Finding(Outcome.NOT_APPLICABLE, why) if why else self._found(exhibit), source, beyond=beyond
        )

    def silent(self, why: str, source: str) -> Verdict:
        """The verdict that the claim is not applicable."""
        return Verdict(self.code, self.statement, f"[R] {source}", "", None, Outcome.NOT_APPLICABLE, why)

    def _verdict(self, found: Finding, source: str, *, beyond: bool = False) -> Verdict:
        (verdict,) = self._named(source, beyond=beyond)(lambda _: found).verdicts(None)
        return verdict

    def _found(self, exhibit: Exhibit) -> Finding:
        assert self.measure is not None
        assert self.judge is not None
        try:
            return self.judge(self.measure(exhibit))
        except Interrupted:
            raise
        except (NTKTheoryError, np.linalg.LinAlgError) as error:
            return Finding(
                Outcome.NOT_APPLICABLE, f"it cannot be put to this problem: {str(error).splitlines()[0]}"
            )

    def _named(self, source: str, *, beyond: bool) -> Callable[[Decides], OwnClaim]:
        return claim(
            self.code_beyond if beyond else self.code,
            f"beyond its hypotheses: {self.statement}" if beyond else self.statement,
            refuted_by=self.refuted_by,
            source=f"[R] {source}, beyond its hypotheses" if beyond else f"[R] {source}",
            needs=DEFAULT if self.needs == EXHIBIT else self.needs,
        )


@dataclass(frozen=True)
class Source:
    """One source.

    Attributes
    ----------
    key:
        As on the command line: ``bonfanti-2024``.
    citation, address:
        Authors, title, where; a URL.
    claims:
        What it claims.
    problems:
        Its own setting, or ours in its scope.
    options:
        Kind of study → options of the studies of that setting, beyond the kind's usual ones.
    """

    key: str
    citation: str
    address: str
    claims: tuple[SourceClaim, ...]
    problems: Sequence[str]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
