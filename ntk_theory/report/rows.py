"""What a study found, as rows of text: the same rows become the terminal's tables and the page's.

Nothing is drawn here and nothing is decided: verdicts are counted, and their reasons put in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from ntk_theory.studies.initialisation.verify import StudyResult
from ntk_theory.studies.judging.verdict import Outcome, Reason, Verdict
from ntk_theory.theory import Classification
from ntk_theory.theory.text import block_label

#: One sign per outcome, told apart without colour.
SIGNS = {
    Outcome.SUPPORTED: "✓",
    Outcome.REFUTED: "✗",
    Outcome.UNDECIDED: "?",
    Outcome.NOT_APPLICABLE: "–",
}
#: The outcome of a claim with many parts is the first of these that occurs in it.
_PRECEDENCE = (Outcome.REFUTED, Outcome.UNDECIDED, Outcome.SUPPORTED, Outcome.NOT_APPLICABLE)
_SHARP = "sharp-limit"


@dataclass(frozen=True)
class Place:
    """A block, an s, or both; empty and ``None`` where a reason is not of one only."""

    block: str
    s: Fraction | None


@dataclass(frozen=True)
class SharedReason:
    """One reason for an outcome, with all the places it was given for.

    ``reason`` and ``remedy`` are shown, ``why`` holds them as data.
    """

    outcome: Outcome
    where: str
    reason: str
    remedy: str
    why: Reason
    at: tuple[Place, ...] = ()

    @property
    def places(self) -> int:
        """For how many blocks and s it was given."""
        return len(self.at)

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{where}{self.reason}" + (f" → {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class ClaimSummary:
    """One claim of one answer: its verdicts, counted.

    ``verdicts`` are all of the same claim, one, or one per block and s.
    """

    verdicts: tuple[Verdict, ...]

    @property
    def code(self) -> str:
        """The claim's short name."""
        return self.verdicts[0].claim

    @property
    def statement(self) -> str:
        """What the claim says."""
        return self.verdicts[0].statement

    @property
    def source(self) -> str:
        """Who makes it."""
        return self.verdicts[0].source

    @cached_property
    def counts(self) -> Counter[Outcome]:
        """How often each outcome occurs."""
        return Counter(v.outcome for v in self.verdicts)

    @property
    def outcome(self) -> Outcome:
        """Refuted if any part is, else undecided if any part is, else supported if any part is."""
        return next(outcome for outcome in _PRECEDENCE if self.counts[outcome])

    @property
    def counted(self) -> str:
        """The outcome in words, with numbers where there are several verdicts.

        Parts that are not applicable are left out where others are.
        """
        if len(self.verdicts) == 1:
            return str(self.outcome)
        shown = [o for o in _PRECEDENCE if self.counts[o] and o is not Outcome.NOT_APPLICABLE]
        return ", ".join(f"{self.counts[o]} {o}" for o in shown) or str(self.outcome)

    @property
    def short(self) -> str:
        """Signs only, such as ``29 ✓  6 ?``."""
        if len(self.verdicts) == 1:
            return SIGNS[self.outcome]
        shown = [o for o in _PRECEDENCE if self.counts[o] and o is not Outcome.NOT_APPLICABLE]
        return "  ".join(f"{self.counts[o]} {SIGNS[o]}" for o in shown) or SIGNS[self.outcome]

    def findings(self, outcome: Outcome | None = None) -> tuple[SharedReason, ...]:
        """The reasons for an outcome (default: the claim's own), equal reasons put together."""
        wanted = self.outcome if outcome is None else outcome
        places: dict[tuple[str, str], list[Place]] = {}
        reasons: dict[tuple[str, str], Reason] = {}
        for v in self.verdicts:
            if v.outcome is wanted:
                for reason in v.reasons:
                    key = (reason.text, _words(reason))
                    reasons.setdefault(key, reason)
                    places.setdefault(key, []).append(Place(v.block, v.s if reason.s is None else reason.s))
        return tuple(_finding(wanted, key[0], reasons[key], at) for key, at in places.items())

    def digest(self, outcome: Outcome | None = None) -> tuple[SharedReason, ...]:
        """As :meth:`findings`, where reasons of one cause, which differ in numbers, are put together too.

        Of several, the one whose remedy asks for most is shown, marked "e.g.".
        """
        alike: dict[str, list[SharedReason]] = {}
        for finding in self.findings(outcome):
            alike.setdefault(finding.why.alike, []).append(finding)
        digests = []
        for group in alike.values():
            worst = max(group, key=lambda f: f.why.remedy.factor if f.why.remedy else 0)
            text = f"e.g. {worst.reason}" if len(group) > 1 else worst.reason
            digests.append(_finding(worst.outcome, text, worst.why, [place for f in group for place in f.at]))
        return tuple(digests)


def summaries(verdicts: Sequence[Verdict]) -> tuple[ClaimSummary, ...]:
    """One summary per claim, in the order of the verdicts, those that do not apply after all others."""
    codes = dict.fromkeys(v.claim for v in verdicts)
    found = [ClaimSummary(tuple(v for v in verdicts if v.claim == code)) for code in codes]
    return tuple(sorted(found, key=lambda claim: claim.outcome is Outcome.NOT_APPLICABLE))


@dataclass(frozen=True)
class LimitCell:
    """Predicted and observed limit of one block at one s."""

    block: str
    s: Fraction
    predicted: str
    observed: str
    outcome: Outcome
    reason: str

    def __str__(self) -> str:
        if self.outcome is Outcome.REFUTED:
            return f"{self.predicted} ✗ {self.observed}"
        return f"{self.predicted} {SIGNS[self.outcome]}".strip()


@dataclass(frozen=True)
class StudyAnswer:
    """What a study says of one problem with one setting of everything else."""

    problem: str
    label: str
    setting: Mapping[str, str]
    classification: Classification
    verdicts: tuple[Verdict, ...]
    result: StudyResult

    @cached_property
    def claims(self) -> tuple[ClaimSummary, ...]:
        """One summary per claim, in the order of the report."""
        return summaries(self.verdicts)

    @cached_property
    def limits(self) -> tuple[LimitCell, ...]:
        """Predicted and observed limits, one per block and s."""
        return tuple(
            LimitCell(v.block, v.s, v.predicted or v.reason, v.observed, v.outcome, v.reason)
            for v in self.verdicts
            if v.claim == _SHARP and v.s is not None
        )

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks measured."""
        return tuple(dict.fromkeys(cell.block for cell in self.limits))

    def limit(self, block: str, s: Fraction) -> LimitCell:
        """The cell of a block and an exponent."""
        return next(cell for cell in self.limits if (cell.block, cell.s) == (block, s))

    def slope(self, block: str, s: Fraction) -> str:
        """The slope of the median log‖K‖ over the widths, and the predicted exponent, ``-0.21 (-1/4)``."""
        evidence = self.result.evidence[self.label, self.setting["activation"]].blocks[block, s]
        exponent = self.classification.regime(block, s).norm_exponent_at(s)
        predicted = "no power" if exponent is None else str(exponent)
        return f"{evidence.norm_slope.value:.2f} ({predicted})"

    def described(self, names: Iterable[str]) -> str:
        """The values of some settings, such as ``tanh, depth 2``."""
        words = {"activation": "{}", "depth": "depth {}", "output bias": "output bias {}"}
        return ", ".join(
            words.get(name, f"{name} = {{}}").format(self.setting[name])
            for name in names
            if name in self.setting
        )


def answers(results: Sequence[StudyResult]) -> tuple[StudyAnswer, ...]:
    """All answers of some studies, in their order."""
    found = []
    for result in results:
        for (label, activation), verdicts in result.verdicts.items():
            case = result.study.case(label)
            setting = {
                **case.parameters,
                "activation": activation,
                "depth": str(result.study.depth),
                **result.study.made,
            }
            classification = result.evidence[label, activation].classification
            name = label.partition(" [")[0] if case.parameters else label
            found.append(StudyAnswer(name, label, setting, classification, verdicts, result))
    return tuple(found)


def by_problem(every: Iterable[StudyAnswer]) -> dict[str, tuple[StudyAnswer, ...]]:
    """The answers of each problem: those that belong into one table."""
    groups: dict[str, list[StudyAnswer]] = {}
    for answer in every:
        groups.setdefault(answer.problem, []).append(answer)
    return {name: tuple(group) for name, group in groups.items()}


def varied(group: Sequence[StudyAnswer]) -> tuple[str, ...]:
    """The settings in which the answers differ: the columns of their table."""
    names = dict.fromkeys(name for answer in group for name in answer.setting)
    return tuple(n for n in names if len({answer.setting.get(n) for answer in group}) > 1)


@dataclass(frozen=True)
class Agreement:
    """How predicted and observed limits compare over (problem, pair, s) with a prediction.

    ``cells`` holds (answer, cell) of every pair whose regime is predicted.
    """

    cells: tuple[tuple[StudyAnswer, LimitCell], ...]

    @property
    def predicted(self) -> int:
        """How many limits are predicted."""
        return len(self.cells)

    @property
    def decided(self) -> int:
        """How many of them the measurement decides."""
        return sum(cell.outcome is not Outcome.UNDECIDED for _, cell in self.cells)

    @property
    def agreeing(self) -> int:
        """How many of the decided agree."""
        return sum(cell.outcome is Outcome.SUPPORTED for _, cell in self.cells)

    def of(self, outcome: Outcome) -> tuple[tuple[StudyAnswer, LimitCell], ...]:
        """The cells with this outcome."""
        return tuple((answer, cell) for answer, cell in self.cells if cell.outcome is outcome)

    def to_dict(self) -> dict[str, int]:
        """The three numbers."""
        return {"predicted": self.predicted, "decided": self.decided, "agreeing": self.agreeing}

    def __str__(self) -> str:
        return (
            f"{self.agreeing} of {self.decided} decided limits agree with the prediction; "
            f"{self.decided} of {self.predicted} are decided"
        )


def agreement(every: Iterable[StudyAnswer]) -> Agreement:
    """Predicted against observed limits of some answers."""
    return Agreement(
        tuple(
            (answer, cell)
            for answer in every
            for cell in answer.limits
            if cell.outcome is not Outcome.NOT_APPLICABLE
        )
    )


def _finding(outcome: Outcome, text: str, why: Reason, at: Sequence[Place]) -> SharedReason:
    known = tuple(dict.fromkeys(place for place in at if place.block or place.s is not None))
    return SharedReason(outcome, _where(known), text, _words(why), why, known)


def _words(reason: Reason) -> str:
    return "" if reason.remedy is None else reason.remedy.words


def _where(places: Sequence[Place]) -> str:
    """The places in words: ``K_ff s = 1/2, 1; K_bf``."""
    groups: dict[str, list[Fraction]] = {}
    for place in places:
        own = groups.setdefault(block_label(place.block) if place.block else "", [])
        own += [] if place.s is None else [place.s]
    texts = [
        f"{head} s = {', '.join(map(str, sorted(s)))}".strip() if s else head for head, s in groups.items()
    ]
    return "; ".join(text for text in texts if text)
