"""Standard output that cannot encode, is full, or is not read; help, version, completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer

from ntk_theory.cli.app import COMMANDS, EXAMPLES, app, run
from ntk_theory.cli.streams import ascii_for


def called(arguments, stdout=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, "-m", "ntk_theory", *arguments],
        stdout=stdout, stderr=subprocess.PIPE, env=os.environ | environment, timeout=120, check=False,
    )  # fmt: skip


ANSWERS = [
    ["classify", "kdv", "--why"], ["classify", "schroedinger", "--json"], ["zoo"], ["zoo", "schroedinger"],
    ["recommend", "heat", "--width", "8", "--points", "3"], ["train", "heat", "--steps", "1"],
    ["kernel", "heat", "--width", "6", "--points", "3"], ["limit", "heat", "--points", "2", "--draws", "4"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", ANSWERS, ids=lambda a: a[0])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_is_not_unicode_gets_ascii(arguments, encoding):
    done = called(arguments, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    text = done.stdout.decode(encoding)
    if "--json" in arguments:
        assert json.loads(text) == json.loads(called(arguments, PYTHONIOENCODING="utf-8").stdout)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [*ANSWERS, ["--help"], ["--version"]], ids=lambda a: a[0])
def test_a_full_disk_behind_the_output_is_a_sentence(arguments):
    with open("/dev/full", "wb") as full:
        done = called(arguments, stdout=full)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"No space left" in done.stderr


@pytest.mark.parametrize("arguments", [["classify", "kdv"], ["zoo"], ["classify", "kdv", "--json"]])
def test_an_output_that_nobody_reads_is_neither_done_nor_refuted(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = called(arguments, stdout=writing)
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr.decode().strip() == "ntk-theory: the output was not read to its end"


@pytest.mark.parametrize("command", ["report", "resume"])
def test_a_missing_store_is_bad_input(command, tmp_path, capsys):
    assert run([command, str(tmp_path / "none.sqlite")]) == 2
    assert "there is no store" in capsys.readouterr().err


def test_a_message_does_not_steer_the_terminal(tmp_path, capsys):
    assert run(["report", str(tmp_path / "a\x1b[2Jb.sqlite")]) == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]], ids=str)
def test_help_is_shown_where_nothing_is_asked(arguments, capsys):
    assert run(arguments) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    assert "--show-completion" in out


def test_the_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ntk-theory 0.")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_with_an_example(name, capsys):
    assert run([name, "-h"]) == 0
    assert f"ntk-theory {name} {EXAMPLES[name]}" in " ".join(capsys.readouterr().out.split())


#: Options without which something is left undone: there is no value to tell.
LEFT_OUT = {
    "--s", "--parameter", "--output", "--plot", "--time-limit", "--sweep", "--cluster", "--into", "--only",
    "--seconds", "--option", "--tolerance", "--loss", "--resample", "--reweigh", "--checkpoint", "--resume",
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_shows_its_default(name, capsys):
    assert run([name, "-h"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    options = [p for p in typer.main.get_command(app).get_command(None, name).params if p.opts[0][:2] == "--"]
    for option in options:
        at = shown.index(option.opts[0])
        assert option.help, option.opts
        if option.is_flag:  # off, unless it is shown otherwise
            assert not option.default or f"[default: {option.opts[0][2:]}]" in shown[at:], option.opts
        elif option.default is not None:
            assert f"[default: {option.default}]" in shown[at:], option.opts
        else:
            assert "efault" in option.help or option.opts[0] in LEFT_OUT, option.opts


def test_a_shell_is_given_its_completion():
    done = called([], _NTK_THEORY_COMPLETE="source_bash", _PYTHON__M_NTK_THEORY_COMPLETE="source_bash")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "plain"), [("ε → 0", "eps -> 0"), ("Schrödinger", "Schrodinger"), ("雨", r"\u96e8")]
)
def test_ascii_says_what_it_stands_for(text, plain):
    assert ascii_for(text) == plain
