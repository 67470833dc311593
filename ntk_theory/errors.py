"""The exceptions that this package raises on purpose, all under :class:`NTKTheoryError`.

A message names the argument, what it got, what it needs and what to do about it.
"""

from __future__ import annotations


class NTKTheoryError(Exception):
    """Base of every exception that the package raises on purpose."""


class InputError(NTKTheoryError, ValueError):
    """An argument has the wrong type, shape, name or value."""


class ParseError(InputError):
    """A text is not an expression of the grammar, or is larger than the grammar allows.

    Parameters
    ----------
    message:
        One sentence: what is wrong.
    text:
        The text as the user wrote it; ``None`` when there is none (a SymPy expression).
    position:
        Zero-based offset into ``text`` of the offending character.
    expected:
        What would have been accepted there.
    suggestion:
        A near miss that would be accepted.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str | None = None,
        position: int | None = None,
        expected: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        self.message = message
        self.text = text
        self.position = position
        self.expected = expected
        self.suggestion = suggestion
        super().__init__(self._render())

    #: Characters of context shown on either side of the caret.
    CONTEXT = 36

    def _render(self) -> str:
        lines = [self.message]
        if self.text is not None and self.position is not None:
            start = max(0, self.position - self.CONTEXT)
            stop = min(len(self.text), self.position + self.CONTEXT)
            # Tabs and newlines would move the caret, other control characters are unprintable.
            window = "".join(ch if ch.isprintable() else " " for ch in self.text[start:stop])
            left = "…" if start else ""
            right = "…" if stop < len(self.text) else ""
            lines.append(f"    {left}{window}{right}")
            lines.append("    " + " " * (len(left) + self.position - start) + "^")
        if self.expected:
            lines.append(f"expected {self.expected}")
        if self.suggestion:
            lines.append(f"did you mean {self.suggestion}?")
        return "\n".join(lines)


class BudgetError(ParseError):
    """An expression is larger than the bounds that keep every answer quick."""


class RejectedError(InputError):
    """A certificate proves nothing; the message says why."""


class ProblemError(InputError):
    """The parts of a problem (equations, conditions, domain, solution) do not fit together."""


class SmoothnessError(InputError):
    """The activation has fewer derivatives than the operator's kernel needs."""


class ResourceError(NTKTheoryError, MemoryError):
    """A computation would need more memory than the limit that was set."""


class NonFiniteError(NTKTheoryError, ArithmeticError):
    """A value that should be finite overflowed or is undefined, with the place where it arose."""


class StoreError(NTKTheoryError, OSError):
    """A study's store cannot be read or written, is damaged, or belongs to another study."""


class MissingStoreError(StoreError, InputError):
    """There is no store where one was named."""


class WorkerError(NTKTheoryError, RuntimeError):
    """A worker process ended, or a cluster cannot be reached; completed cells are kept."""


class Interrupted(NTKTheoryError):
    """A study or a training run was stopped by the user; completed cells, or steps, are kept.

    ``trajectory`` is what a training run had reached, with the parameters of its last whole step;
    ``None`` for a study.
    """

    def __init__(self, message: str, trajectory: object = None) -> None:
        self.trajectory = trajectory
        super().__init__(message)


class TrainingError(NTKTheoryError, ArithmeticError):
    """Training stopped: it diverged, or a tolerance cannot be reached.

    ``trajectory`` is what was reached before, with the last good parameters; ``None`` if nothing was.
    """

    def __init__(self, message: str, trajectory: object = None) -> None:
        self.trajectory = trajectory
        super().__init__(message)
