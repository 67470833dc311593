"""``ntk-theory``: the commands, and the exit codes they share.

0 done, 1 a claim was refuted (only with ``--strict``), 2 bad input, 3 incomplete, 130 interrupted.
Each command lives in its own module, which is imported when the command runs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import typer

from ntk_theory.cli import classify, kernel, limit, recommend, report, search, train, verify, zoo
from ntk_theory.cli.method_help import WithMethods
from ntk_theory.errors import InputError, Interrupted, NTKTheoryError

BAD_INPUT, INCOMPLETE, INTERRUPTED = 2, 3, 130
#: Characters of an option parser's message, which repeats what it was given.
LONGEST_MESSAGE = 200

app = typer.Typer(
    name="ntk-theory",
    help="Does the neural tangent kernel of a physics-informed network converge for this PDE?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("classify")(classify.command)
app.command("zoo")(zoo.command)
app.command("kernel")(kernel.command)
app.command("limit")(limit.command)
app.command("verify")(verify.command)
app.command("resume")(verify.resume)
app.command("report")(report.command)
app.command("search")(search.command)
app.command("train", cls=WithMethods)(train.command)
app.command("recommend")(recommend.command)

#: ``-u_xx + u`` is an expression, not a bundle of short options.
_EXPRESSION = re.compile(r"-(?:[^-].{2,}|[a-zA-Z_]$)", re.DOTALL)
_SHORT_OPTIONS = ("-o", "-p", "-h")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return the exit code; every expected failure is one message."""
    try:
        result = app(args=[_protected(a) for a in arguments], standalone_mode=False)
    except typer.Exit as done:
        return int(done.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except InputError as error:
        _complain(str(error))
        return BAD_INPUT
    except Interrupted as error:
        _complain(str(error))
        return INTERRUPTED
    except NTKTheoryError as error:
        _complain(str(error))
        return INCOMPLETE
    except BrokenPipeError:
        # The reader of our output went away (| head); that is its right.
        sys.stderr.close()
        return 0
    except Exception as error:
        if not _is_usage_error(error):
            raise
        message = str(error.format_message())  # type: ignore[attr-defined]
        if len(message) > LONGEST_MESSAGE:
            message = message[: LONGEST_MESSAGE - 1] + "…"
        _complain(f"{message}  (ntk-theory --help lists what there is)")
        return BAD_INPUT
    return result if isinstance(result, int) else 0


def _is_usage_error(error: Exception) -> bool:
    """Is this one of the argument errors of the option parser?"""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _protected(argument: str) -> str:
    """A leading space keeps an expression such as ``-u_xx`` from being read as options."""
    is_option = argument.startswith(_SHORT_OPTIONS) and len(argument) == len("-o")
    return f" {argument}" if _EXPRESSION.match(argument) and not is_option else argument


def _complain(message: str) -> None:
    print(f"ntk-theory: {message}", file=sys.stderr)
