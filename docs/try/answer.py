"""The page's side of the engine: one question as the command line's arguments, its answer as plain data.

What is asked goes through ``ntk_theory.cli.app.run`` as if it had been typed, so that answers and messages
are the command line's own. A text is an argument, or the content of a file in the memory of the engine's
own file system; nothing of it is evaluated.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
from pathlib import Path
from typing import Any

import ntk_theory as nt
from ntk_theory.cli import app as command_line
from ntk_theory.theory import text
from ntk_theory.visible import visible

#: Where the command line runs, and the one file that is ever there.
HERE, PROBLEM = Path("/question"), "problem.toml"
#: Key of a question → option, for those that are one text each; an empty one is left out.
OPTIONS = {
    "output_bias": "--output-bias",
    "activation": "--activation",
    "features": "--features",
    "init": "--init",
    "depth": "--depth",
}
#: The same for those that may be repeated, one a line.
REPEATED = {"s": "--s", "ansatz": "--ansatz", "parameters": "--parameter", "unknowns": "--unknown"}
#: And for those that are there or not.
FLAGS = {"map_inputs": "--map-inputs", "hard": "--hard"}
#: What :func:`answer` says where the engine lacks a module that the page has in reserve.
LACKING = "lacking"

_found: list[Any] = []
_classify = nt.classify


def _remembered(*arguments: Any, **options: Any) -> Any:
    """``nt.classify``, which leaves its result for the page to show besides the JSON."""
    found = _classify(*arguments, **options)
    _found.append(found)
    return found


nt.classify = _remembered


def answer(question: str) -> str:
    """Ask the command line; a JSON text of command, code, output, messages and what the page shows."""
    given = json.loads(question)
    file = problem_file(given)
    what = str(given.get("text", "")) if file is None else PROBLEM
    arguments = [*options(given), *(["--"] if what.startswith("-") else []), what]
    _found.clear()
    output, messages = io.StringIO(), io.StringIO()
    try:
        with _folder(file), contextlib.redirect_stdout(output), contextlib.redirect_stderr(messages):
            code = command_line.run(["classify", "--json", *arguments])
    except ImportError as error:
        return json.dumps({LACKING: str(error)})
    return json.dumps(
        {
            "command": visible(shlex.join(["ntk-theory", "classify", *arguments])),
            "file": None if file is None else visible(file),
            "code": code,
            "output": output.getvalue(),
            "messages": messages.getvalue(),
            "shown": shown(_found[0]) if code == 0 and _found else None,
        }
    )


def options(given: dict[str, Any]) -> list[str]:
    """The options of a question, those at their defaults left out."""
    found: list[str] = []
    for key, option in OPTIONS.items():
        value = str(given.get(key) or "").strip()
        if value:
            found += [option, value]
    for key, option in REPEATED.items():
        for line in str(given.get(key) or "").splitlines():
            if line.strip():
                found += [option, line.strip()]
    return found + [option for key, option in FLAGS.items() if given.get(key)]


def problem_file(given: dict[str, Any]) -> str | None:
    """The problem file that is asked about: as typed, or made of an equation and its domain."""
    if given.get("is_file"):
        return str(given.get("text", ""))
    domain = str(given.get("domain") or "").strip()
    if not domain:
        return None
    equations = [part.strip() for part in str(given.get("text", "")).split(";")]
    # A JSON text of these is a TOML text, too.
    return f"equations = {json.dumps(equations, ensure_ascii=False)}\n[domain]\n{domain}\n"


def shown(c: Any) -> dict[str, Any]:
    """What the terminal shows of a classification that its JSON does not hold as text."""
    latex = c.latex()
    return {
        "heading": text.heading(c),
        "equations": text.equations(c.problem),
        "ansatz": text.ansatz_lines(c.problem),
        "paper": list(text.paper_lines(c)),
        "rows": [
            {"blocks": [text.block_label(name) for name in row.blocks], "cells": list(row.cells)}
            for row in text.rows(c)
        ],
        "labels": {name: text.block_label(name) for name in c.sharp},
        "latex": latex,
        "formula": latex[: latex.index(r"\end{align*}") + len(r"\end{align*}")],
    }


@contextlib.contextmanager
def _folder(file: str | None) -> Any:
    """Work in a folder that holds the problem file, if there is one, and nothing else."""
    HERE.mkdir(exist_ok=True)
    path = HERE / PROBLEM
    before = Path.cwd()
    os.chdir(HERE)
    try:
        if file is not None:
            path.write_text(file, encoding="utf-8", errors="surrogatepass")
        yield
    finally:
        path.unlink(missing_ok=True)
        os.chdir(before)
