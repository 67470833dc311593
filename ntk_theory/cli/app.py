"""``ntk-theory``: the commands, and the exit codes they share.

0 done, 1 a claim was refuted (only with ``--strict``), an audited kernel differs or a certificate is
rejected, 2 bad input, 3 incomplete, 4 a training run that ended unsolved though no budget of the user's
ended it, 128 + the number of the signal when interrupted (130 for Ctrl-C), 141 when its output was not read.
Each command lives in its own module, which is imported when the command is asked for.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from ntk_theory import cli
from ntk_theory.cli import streams
from ntk_theory.cli.files import WRITTEN
from ntk_theory.cli.plain import plainly, taken_plainly
from ntk_theory.cli.usage import complaint
from ntk_theory.errors import InputError, Interrupted, NTKTheoryError
from ntk_theory.interrupts import exit_code, stoppable
from ntk_theory.visible import say

BAD_INPUT, INCOMPLETE = 2, 3
#: What shells report of a process that SIGPIPE ended.
UNREAD = 141


class Command(NamedTuple):
    """Where a command is, and its line in the list of commands: the first of its docstring.

    A brief one ends before collecting garbage would pay.
    """

    module: str
    function: str
    line: str
    is_brief: bool = False


#: The commands, in the order of the list.
COMMANDS = {
    "classify": Command(
        "classify",
        "command",
        "For which output scaling 1/N^s does the NTK of this PDE converge? Exact, with the derivation.",
        is_brief=True,
    ),
    "zoo": Command(
        "zoo",
        "command",
        "List the named problems, or show one.",
        is_brief=True,
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
    "infinite": Command(
        "infinite",
        "command",
        "Solve a problem by infinitely wide networks: mean, spread over networks, learning curve.",
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
    "stores": Command(
        "stores",
        "command",
        "List the stores of studies, with what they hold and take; verify or delete them.",
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
    "diagnose": Command(
        "diagnose",
        "command",
        "Why does a run stall? Spectrum of the trained network's kernel, rates by group, slowest modes.",
    ),
    "audit": Command(
        "audit",
        "command",
        "Is a kernel of this network right? Its own kernel, what follows, and the mistake in another one.",
    ),
    "claims": Command(
        "claims",
        "command",
        "List what sources claim of kernels of PINNs; with sources (or --all) put it to the test.",
    ),
    "certify": Command(
        "certify",
        "command",
        "Prove a statement on infinitely wide networks in a file that ``check`` accepts.",
    ),
    "check": Command(
        "certify",
        "check",
        "Prove a certificate's statement again, by a checker that shares no code with what made it.",
    ),
    "reproduce": Command(
        "reproduce",
        "command",
        "Make known figures on kernels again: 'wang' (Poisson, linear), 'bonfanti' (a random kernel).",
    ),
    "info": Command(
        "info",
        "command",
        "Print versions, threads, memory, caches and stores: what a report of a fault needs.",
    ),
    "recommend": Command(
        "recommend",
        "command",
        "Which s and which learning rate should one use?",
    ),
}


#: What follows the command's name in the example that ends its help.
EXAMPLES = {
    "classify": "kdv --why",
    "zoo": "kdv --toml",
    "kernel": "kdv --width 512 --depth 2 -o K.npz --plot K.png",
    "limit": "heat --s 1/2 --width 64,1024",
    "infinite": "poisson --points 24",
    "verify": "heat --quick --store heat.sqlite",
    "resume": "heat.sqlite",
    "report": "heat.sqlite -o heat.html",
    "stores": "heat.sqlite --verify",
    "search": "--budget 50 --seconds 60",
    "train": "heat --steps 100 -o network.npz --plot pictures",
    "diagnose": "heat network.npz",
    "audit": "heat network.npz --kernel theirs.npz",
    "claims": "liu-2020 --quick",
    "certify": "sine-gordon --what drift -o drift.json",
    "check": "drift.json",
    "reproduce": "wang --plot wang.png",
    "info": "--json",
    "recommend": "heat --goal constant-kernel",
}
HELP = {"help_option_names": ["--help", "-h"]}


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
        if not entry.is_brief:
            gc.enable()
        module = getattr(cli, entry.module)
        one = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        example = f"Example: ntk-theory {cmd_name} {EXAMPLES[cmd_name]}"
        kind = getattr(module, "CLASS", None)
        register = one.command(cmd_name, epilog=example, context_settings=HELP, cls=kind)
        register(getattr(module, entry.function))
        return plainly(typer.main.get_command(one))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named first; an unknown name is told beside the nearest one."""
        near = [] if args[0] in COMMANDS else get_close_matches(args[0], COMMANDS, 1)
        if near:
            ctx.fail(f"No such command {args[0][:40]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def get_params(self, ctx: Any) -> Any:
        """The options before a command."""
        return taken_plainly(super().get_params(ctx))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        lines: Any = {name: TyperCommand(name, help=entry.line) for name, entry in COMMANDS.items()}
        TyperGroup(name="lines", commands=lines).format_commands(ctx, formatter)


app = typer.Typer(
    name="ntk-theory",
    cls=Commands,
    help="Does the neural tangent kernel of a physics-informed network converge for this PDE?",
    add_completion=True,
    context_settings=HELP,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415  quick start

        say(f"ntk-theory {version('ntk_theory')}")
        raise typer.Exit


@app.callback()
def _group(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Does the neural tangent kernel of a physics-informed network converge for this PDE?"""


#: ``-u_xx + u`` is an expression, not a bundle of short options.
_EXPRESSION = re.compile(r"-(?:[^-].{2,}|[a-zA-Z_]$)", re.DOTALL)
_SHORT_OPTIONS = ("-o", "-p", "-h")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    gc.disable()  # nothing that starting makes is garbage; a command that is not brief collects again
    try:
        sys.exit(run(given))
    finally:
        gc.enable()


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return the exit code; every expected failure is one message."""
    WRITTEN.clear()
    streams.prepare()
    try:
        with stoppable():
            result = app(args=[_protected(a) for a in arguments or ["--help"]], standalone_mode=False)
            sys.stdout.flush()
    except typer.Exit as done:
        return int(done.exit_code)
    except (typer.Abort, KeyboardInterrupt) as stop:
        _complain(f"interrupted; {_kept()}")
        return exit_code(stop)
    except InputError as error:
        _complain(str(error))
        return BAD_INPUT
    except Interrupted as error:
        _complain(str(error))
        return exit_code(error)
    except NTKTheoryError as error:
        _complain(str(error))
        return INCOMPLETE
    except MemoryError:
        _complain(f"the memory did not suffice; ask for fewer points, widths or workers; {_kept()}")
        return INCOMPLETE
    except BrokenPipeError:
        return _unread()
    except SystemExit as end:  # what rich makes of a broken pipe, with code 1
        if isinstance(end.__context__, BrokenPipeError):
            return _unread()
        raise
    except OSError as error:
        streams.silence()
        _complain(f"the system refuses: {error}; {_kept()}")
        return INCOMPLETE
    except Exception as error:
        if not _is_usage_error(error):
            raise
        _complain(complaint(error, arguments, COMMANDS))
        return BAD_INPUT
    return result if isinstance(result, int) else 0


def _unread() -> int:
    """The reader of our output went away (| head): its right, but nobody knows the answer now."""
    streams.silence()
    _complain("the output was not read to its end")
    return UNREAD


def _kept() -> str:
    """What an interrupted command had written."""
    return f"written before that: {', '.join(map(str, WRITTEN))}" if WRITTEN else "no file was written"


def _is_usage_error(error: Exception) -> bool:
    """Is this one of the argument errors of the option parser?"""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _protected(argument: str) -> str:
    """A leading space keeps an expression such as ``-u_xx`` from being read as options."""
    is_option = argument.startswith(_SHORT_OPTIONS) and len(argument) == len("-o")
    return f" {argument}" if _EXPRESSION.match(argument) and not is_option else argument


def _complain(message: str) -> None:
    with suppress(OSError):  # a full disk takes the complaint about it neither
        say(f"ntk-theory: {message}", file=sys.stderr)
        sys.stderr.flush()
