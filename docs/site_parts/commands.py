"""The command line's own help as a page: every command with its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import typer

from ntk_theory.cli.app import COMMANDS, EXAMPLES, app
from site_parts.markdown import cell, code, table


def every() -> str:
    """A section for each command."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("ntk-theory", ["info"], resilient_parsing=True)
    commands = {name: group.get_command(context, name) for name in COMMANDS}
    head = table(
        ("command", "what it does"),
        [(f"[{name}](#command-{name})", cell(COMMANDS[name].line)) for name in COMMANDS],
    )
    sections = ("\n".join(_section(name, command, context)) for name, command in commands.items())
    return head + "\n" + "\n".join(sections)


def _section(name: str, command: Any, parent: Any) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield f"(command-{name})=\n## {name}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```sh\nntk-theory {name} {usage}\n```\n"
    yield "\n\n".join(" ".join(part.split()) for part in cell_paragraphs(command.help)) + "\n"
    rows = [row for parameter in command.get_params(context) if (row := _row(parameter, context))]
    yield table(("argument or option", "meaning"), rows)
    yield f"Example: `ntk-theory {name} {EXAMPLES[name]}`\n"


def cell_paragraphs(text: str) -> list[str]:
    """Paragraphs of a help text, as Markdown takes them literally."""
    return [cell(part) for part in text.split("\n\n")]


def _row(parameter: Any, context: Any) -> tuple[str, str] | None:
    record = parameter.get_help_record(context)
    if record is None:
        return None
    names, meaning = record
    return code(names), cell(meaning)
