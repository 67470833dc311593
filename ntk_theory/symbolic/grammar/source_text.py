"""The text under study, and the one place that turns a complaint into an error with a caret."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from ntk_theory.errors import BudgetError, ParseError


@dataclass(frozen=True)
class SourceText:
    """A text to point into; ``None`` when the input was a SymPy expression."""

    text: str | None

    def error(
        self, message: str, at: int | None, *, expected: str | None = None, suggestion: str | None = None
    ) -> ParseError:
        """A :class:`ParseError` at offset ``at``."""
        return ParseError(message, text=self.text, position=at, expected=expected, suggestion=suggestion)

    def too_large(self, message: str, at: int | None, *, expected: str | None = None) -> BudgetError:
        """A :class:`BudgetError` at offset ``at``."""
        return BudgetError(message, text=self.text, position=at, expected=expected)


def near(word: str, candidates: list[str]) -> str | None:
    """The candidate that ``word`` most likely meant, or ``None``.

    >>> near("sine", ["sin", "cos", "sqrt"])
    'sin'
    """
    lowered = {name.lower(): name for name in reversed(candidates)}
    if word.lower() in lowered:
        return lowered[word.lower()]
    found = get_close_matches(word, candidates, n=1, cutoff=0.6)
    return found[0] if found else None


def clipped(word: str, length: int = 24) -> str:
    """``word`` in quotes, shortened for a message."""
    return repr(word if len(word) <= length else word[: length - 1] + "…")
