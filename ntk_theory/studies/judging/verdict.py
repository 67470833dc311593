"""Verdicts: what the evidence does to a claim, with reasons and remedies as data; texts are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeAlias


class Outcome(StrEnum):
    """What the evidence does to a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"


class Need(StrEnum):
    """What more of it would decide a claim."""

    SEEDS = "seeds"
    WIDTHS = "widths"
    SMALL_WIDTHS = "small widths"
    S = "s"
    TIME = "time"
    ACTIVATION = "activation"
    ACCURACY = "accuracy"


@dataclass(frozen=True)
class Remedy:
    """What would decide an undecided claim.

    Attributes
    ----------
    needs:
        Of what it takes more, or other; any one of several may do. Empty where nothing is known that would.
    words:
        The same as people say it.
    factor:
        How many times as much, where that is known; 0 where it is not.
    log_width:
        log10 of the width from which on the claim could be seen, reachable or not; ``None`` where unknown.
    """

    needs: tuple[Need, ...]
    words: str
    factor: int = 0
    log_width: float | None = None

    def __str__(self) -> str:
        return self.words

    def to_dict(self) -> dict[str, Any]:
        """The remedy as JSON-like data."""
        return {
            "needs": [str(n) for n in self.needs],
            "words": self.words,
            "factor": self.factor or None,
            "log10_width": self.log_width,
        }


#: Nothing known would decide it: no study reaches so far.
NO_REMEDY = Remedy((), "")
MORE_SEEDS = Remedy((Need.SEEDS,), "needs more seeds")
LARGER_WIDTHS = Remedy((Need.WIDTHS,), "needs larger widths")
SEEDS_OR_WIDTHS = Remedy((Need.SEEDS, Need.WIDTHS), "needs more seeds or larger widths")


@dataclass(frozen=True)
class Reason:
    """Why a claim has its outcome.

    Attributes
    ----------
    text:
        The evidence in words, without the remedy.
    cause:
        A short code: reasons of one claim with the same cause differ in their numbers only. Empty for a text
        that stands for itself.
    remedy:
        What would decide the claim; ``None`` where it is decided.
    s:
        The one s that the reason speaks of, where it is one of several.
    """

    text: str
    cause: str = ""
    remedy: Remedy | None = None
    s: Fraction | None = None

    def __str__(self) -> str:
        return f"{self.text}: {self.remedy}" if self.remedy and self.remedy.words else self.text

    @property
    def alike(self) -> str:
        """What reasons that may be told together have in common."""
        return self.cause or self.text

    def to_dict(self) -> dict[str, Any]:
        """The reason as JSON-like data."""
        return {
            "text": self.text,
            "cause": self.cause,
            "remedy": None if self.remedy is None else self.remedy.to_dict(),
            "s": None if self.s is None else str(self.s),
        }


#: One reason as a bare text, one reason, or one per s.
Reasons: TypeAlias = str | Reason | Sequence[Reason]


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim, with its reasons and, where undecided, the remedy.

    ``block`` and ``s`` say what it is about; empty and ``None`` for a claim on the whole problem. ``reason``
    is the text of all ``reasons``.
    """

    claim: str
    statement: str
    source: str
    block: str
    s: Fraction | None
    outcome: Outcome
    reason: str
    predicted: str = ""
    observed: str = ""
    reasons: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        if not self.reasons:
            object.__setattr__(self, "reasons", (Reason(self.reason),))

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What would decide the claim, each once."""
        return tuple(dict.fromkeys(r.remedy for r in self.reasons if r.remedy is not None and r.remedy.needs))

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON-like data: plain strings, and the reasons one by one."""
        plain = {name: str(value) for name, value in self.__dict__.items() if name != "reasons"}
        s = None if self.s is None else str(self.s)
        return {**plain, "s": s, "reasons": [r.to_dict() for r in self.reasons]}


def as_reasons(given: Reasons) -> tuple[Reason, ...]:
    """Bare texts and single reasons as a tuple of reasons."""
    if isinstance(given, str):
        return (Reason(given),)
    return (given,) if isinstance(given, Reason) else tuple(given)


def in_words(reasons: Iterable[Reason], s: Fraction | None) -> str:
    """Reasons as one text; ``s`` is that of the verdict, ``None`` where it speaks of several.

    >>> in_words([Reason("it stays", s=Fraction(1)), Reason("open", "", MORE_SEEDS, Fraction(2))], None)
    's = 1: it stays; s = 2: open: needs more seeds'
    >>> in_words([Reason("it diverges", s=Fraction(1, 2))], Fraction(1, 2))
    'at s = 1/2 it diverges'
    """

    def one(reason: Reason) -> str:
        if reason.s is None:
            return str(reason)
        return f"s = {reason.s}: {reason}" if s is None else f"at s = {reason.s} {reason}"

    return "; ".join(map(one, reasons))
