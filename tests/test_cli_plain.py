"""Plain values of options go past the parser's validators, everything else takes the usual way."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import Any

import pytest
import typer

from ntk_theory.cli.app import COMMANDS, main
from ntk_theory.cli.plain import plainly


def made(seen: list[object]) -> Any:
    """A command of many kinds of parameters, and what its function gets."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def command(
        text: str,
        number: int = 3,
        other: str = "x",
        several: list[str] | None = None,
        flag: bool = False,
        absent: float | None = None,
    ) -> None:
        seen.append((text, number, other, several, flag, absent))

    return typer.main.get_command(app)


@pytest.mark.parametrize(
    "given",
    [
        ["a"], ["a", "--number", "5"], ["a", "--other", ""], ["", "--flag"],
        ["a", "--several", "p", "--several", "q"],
        ["a", "--absent", "2.5", "--number", "-1"], [], ["a", "--number", "x"], ["a", "--bogus"], ["a", "b"],
    ],
)  # fmt: skip
def test_a_function_gets_the_same_either_way(given):
    found = []
    for way in (lambda c: c, plainly):
        seen: list[object] = []
        said = ""
        try:
            way(made(seen)).main(given, standalone_mode=False)
        except Exception as failure:  # of the option parser, whichever it is
            said = failure.format_message()  # type: ignore[attr-defined]
        found.append((seen, said))
    assert found[0] == found[1] != ([], "")


def test_classify_imports_no_library_of_validators():
    script = (
        "import sys; from ntk_theory.cli.app import run; code = run(['classify', 'kdv']); "
        "sys.exit(code or bool({'pydantic', 'lark'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=100)


@pytest.mark.parametrize("command", ["classify", "kernel"])
def test_garbage_is_collected_by_all_but_brief_commands(command, monkeypatch):
    during = []
    monkeypatch.setattr(f"ntk_theory.cli.{command}.command", lambda: during.append(gc.isenabled()))
    with pytest.raises(SystemExit):
        main([command])
    assert during == [not COMMANDS[command].is_brief]
    assert gc.isenabled()
