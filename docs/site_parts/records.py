"""Keys of every command's JSON, as the command prints them now."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ntk_theory.cli.app import run
from site_parts.markdown import cell, code, table

#: A cheap call of every command whose JSON is one document.
CALLS = {
    "zoo": "zoo heat --json",
    "recommend": "recommend heat --json",
    "kernel": "kernel heat --width 16 --points 4 --json",
    "limit": "limit heat --points 4 --json",
    "infinite": "infinite poisson --points 6 --json",
    "verify": "verify heat --widths 16,32,64 --seeds 4 --points 2 --workers 1 --store heat.sqlite --json",
    "stores": "stores heat.sqlite --json",
    "train": "train poisson --steps 2 -o network.npz --json",
    "diagnose": "diagnose poisson network.npz --json",
    "audit": "audit poisson network.npz --json",
    "claims": "claims --json",
    "info": "info --json",
}
#: Elements of a long example that are shown.
LONGEST = 40


def every() -> str:
    """A section for each command: its keys, their type, an example."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return "\n".join("\n".join(_section(name, call)) for name, call in CALLS.items())
        finally:
            os.chdir(here)


def _section(name: str, call: str) -> Iterator[str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code_ = run(call.split())
    if code_ not in (0, 1, 3, 4):
        raise RuntimeError(f"{call} ended with {code_}: {out.getvalue()}")
    document = json.loads(out.getvalue())
    yield f"## {name}\n"
    yield (
        f"`ntk-theory {call}`"
        + (" prints a list; of its entries:" if isinstance(document, list) else "")
        + "\n"
    )
    first = document[0] if isinstance(document, list) else document
    yield table(("key", "type", "here"), list(_rows(first)))


def _rows(value: dict[str, Any], before: str = "") -> Iterator[tuple[str, str, str]]:
    for key, inner in value.items():
        name = f"{before}{key}"
        if isinstance(inner, dict) and inner and not before:
            yield code(name), "object", ""
            if all(isinstance(part, dict) for part in inner.values()):  # names chosen by the problem
                first = next(iter(inner.values()))
                yield from _rows(first, f"{name}.*.")
            else:
                yield from _rows(inner, f"{name}.")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict) and not before:
            yield code(name), "list of objects", ""
            yield from _rows(inner[0], f"{name}[].")
        else:
            yield code(name), _type(inner), _example(inner)


def _type(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "integer",
        float: "number",
        str: "text",
        list: "list",
        dict: "object",
    }
    return names.get(type(value), "null")


def _example(value: Any) -> str:
    if value is None or (not value and isinstance(value, list | dict | str)):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return code(text) if len(text) <= LONGEST and "`" not in text else cell("…")
