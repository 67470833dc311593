"""``ntk-theory``: the commands, and the exit codes they share.

0 done, 1 a claim was refuted (only with ``--strict``), 2 bad input, 3 incomplete, 130 interrupted.
Each command lives in its own module, which is imported when the command is asked for.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from ntk_theory import cli
from ntk_theory.errors import InputError, Interrupted, NTKTheoryError

BAD_INPUT, INCOMPLETE, INTERRUPTED = 2, 3, 130
#: Characters of an option parser's message, which repeats what it was given.
LONGEST_MESSAGE = 200


class Command(NamedTuple):
    """Where a command is, and its line in the list of commands: the first of its docstring."""

    module: str
    function: str
    line: str


#: The commands, in the order of the list.
COMMANDS = {
    "classify": Command(
        "classify",
        "command",
        "For which output scaling 1/N^s does the NTK of this PDE converge? Exact, with the derivation.",
    ),
    "zoo": Command(
        "zoo",
        "command",
        "List the named problems, or show one.",
    ),
    "kernel": Command(
        "kernel",
        "command",
        "Compute the NTK of one network for this PDE: size, conditioning and rank of every group's kernel.",
    ),
    "limit": Command(
        "limit",
        "command",
        "Show the law that the NTK of infinitely wide networks follows, for every output scaling 1/N^s.",
    ),
    "verify": Command(
        "verify",
        "command",
        "Test what theory says of this PDE's kernels on independent networks of growing width.",
    ),
    "resume": Command(
        "verify",
        "resume",
        "Compute what a store lacks, and judge it; with --into, reproduce the study from scratch.",
    ),
    "report": Command(
        "report",
        "command",
        "Write one HTML page: verdicts, tables, figures, derivation, criterion, how to reproduce.",
    ),
    "search": Command(
        "search",
        "command",
        "Look for operators on which predicted and observed limits disagree, shrunk to the smallest.",
    ),
    "train": Command(
        "train",
        "command",
        "Train a network until it solves the problem; show losses, error, and how far the kernel moved.",
    ),
    "recommend": Command(
        "recommend",
        "command",
        "Which s and which learning rate should one use?",
    ),
}


class Commands(TyperGroup):
    """Loads the one command that is asked for; the list of all is written from the table alone."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, made from its function; None for an unknown name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = getattr(cli, entry.module)
        one = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        one.command(cmd_name, cls=getattr(module, "CLASS", None))(getattr(module, entry.function))
        return typer.main.get_command(one)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        lines: Any = {name: TyperCommand(name, help=entry.line) for name, entry in COMMANDS.items()}
        TyperGroup(name="lines", commands=lines).format_commands(ctx, formatter)


app = typer.Typer(
    name="ntk-theory",
    cls=Commands,
    help="Does the neural tangent kernel of a physics-informed network converge for this PDE?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Makes of ``app`` a group, although no command is known to it before it is asked for."""


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
