"""What the option parser refuses, in words: which option, what it got, what it needs, where to look."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

#: Characters of an option parser's message, which repeats what it was given.
LONGEST_MESSAGE = 200
#: Options of other tools, and what they are called here (the first that the command has).
_ELSEWHERE = {
    ("--epochs", "--epoch", "--iterations", "--iters", "--max-iter", "--num-steps"): ("--steps",),
    ("--lr", "--learning-rate", "--step-size"): ("--rate",),
    ("--optimizer", "--optimiser", "--algorithm"): ("--method",),
    ("--layers", "--hidden-layers", "--num-layers"): ("--depth",),
    ("--neurons", "--units", "--hidden", "--hidden-size"): ("--width", "--widths"),
    ("--timeout", "--max-time", "--seconds", "--budget"): ("--time-limit",),
    ("--out", "--save", "--outfile"): ("--output",),
    ("--batch-size", "--batch", "--collocation", "--num-points"): ("--points",),
    ("--tol", "--rtol"): ("--tolerance",),
    ("--scaling", "--exponent"): ("--s",),
}
_HERE = {name: own for names, own in _ELSEWHERE.items() for name in names}
#: Faults of the validators' library, and what is needed instead.
_NUMBERS = {"float_parsing": "a number", "int_parsing": "a whole number", "int_from_float": "a whole number"}


def complaint(error: Any, arguments: Sequence[str], commands: Collection[str]) -> str:
    """The message of a usage error, with the help of the command that was asked for."""
    message = _other_name(error) or _no_number(error) or str(error.format_message())
    if len(message) > LONGEST_MESSAGE:
        message = message[: LONGEST_MESSAGE - 1] + "…"
    asked = next(iter(arguments), "")
    page = f"ntk-theory {asked}" if asked in commands else "ntk-theory"
    return f"{message}  ({page} --help lists what there is)"


def _other_name(error: Any) -> str | None:
    """An option that is called so elsewhere."""
    given, context = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if context is None or given not in _HERE:
        return None
    known = {name for parameter in context.command.params for name in parameter.opts}
    own = next((name for name in _HERE[given] if name in known), None)
    return own and f"No such option: {given}; here it is {own}"


def _no_number(error: Any) -> str | None:
    """A number with its unit, or a word, where a number alone is read."""
    faults, option = getattr(error.__cause__, "errors", None), getattr(error, "param", None)
    if faults is None or option is None:
        return None
    fault = faults()[0]
    needs, given = _NUMBERS.get(fault.get("type")), fault.get("input")
    if needs is None or not isinstance(given, str):
        return None
    unit = {"SECONDS": " of seconds", "STEPS": " of steps", "GIB": " of GiB"}.get(option.metavar or "", "")
    return f"{max(option.opts, key=len)} is {given[:40]!r}; it needs {needs}{unit} alone, such as 20"
