"""A claim put to a problem that its hypotheses leave out: is the hypothesis needed?

The criterion is the claim's own. *Refuted* there reads "does not extend to this problem", *supported* "holds
here too"; neither says anything of the source, which does not speak of the problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ntk_theory.studies.judging.verdict import Outcome, Verdict

#: Outcome → in a word, and as the end of a sentence.
WORDS = {
    Outcome.SUPPORTED: ("holds here too", "the statement holds here too"),
    Outcome.REFUTED: (
        "does not extend",
        "the statement does not extend to this problem: without the hypothesis it fails",
    ),
    Outcome.UNDECIDED: ("undecided", "whether it extends is undecided"),
    Outcome.NOT_APPLICABLE: ("not applicable", "it cannot be asked here"),
}


def strongest(verdicts: tuple[Verdict, ...]) -> Outcome:
    """Refuted if any verdict is, else supported if any is, else undecided, else not applicable."""
    present = {v.outcome for v in verdicts}
    order = (Outcome.REFUTED, Outcome.SUPPORTED, Outcome.UNDECIDED)
    return next((o for o in order if o in present), Outcome.NOT_APPLICABLE)


@dataclass(frozen=True)
class Beyond:
    """What was found beyond a claim's hypotheses.

    Attributes
    ----------
    hypothesis:
        Which of them fails on the problem.
    verdicts:
        On the statement without it; each says in its statement and source that it is beyond.
    """

    hypothesis: str
    verdicts: tuple[Verdict, ...]

    @property
    def found(self) -> Outcome:
        """What the evidence does to the statement without the hypothesis."""
        return strongest(self.verdicts)

    @property
    def is_decided(self) -> bool:
        """Does it hold here too, or not extend?"""
        return self.found in (Outcome.SUPPORTED, Outcome.REFUTED)

    @property
    def says(self) -> str:
        """``holds here too``, ``does not extend``, ``undecided`` or ``not applicable``."""
        return WORDS[self.found][0]

    @property
    def because(self) -> str:
        """The hypothesis that fails, the evidence, and what follows of both."""
        reason = next((str(v.reason) for v in self.verdicts if v.outcome is self.found), "no verdict")
        return f"beyond its hypotheses ({self.hypothesis}): {reason} → {WORDS[self.found][1]}"

    def to_dict(self) -> dict[str, Any]:
        """The hypothesis, what was found, and every verdict."""
        return {
            "hypothesis": self.hypothesis,
            "says": self.says,
            "decided": self.is_decided,
            "because": self.because,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }
