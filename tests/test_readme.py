"""README.md: its examples run and print what it shows; its commands are those of continuous integration."""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ntk_theory as nt

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def command_line(arguments: list[str], *, cwd: Path = ROOT) -> str:
    """What a terminal of 100 columns shows: standard output, then standard error; data go into ``cwd``."""
    environment = {
        **os.environ,
        "COLUMNS": "100",
        "PYTHONIOENCODING": "utf-8",
        "NO_COLOR": "1",
        "XDG_DATA_HOME": str(cwd),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from ntk_theory.cli import main; main()", *arguments],
        capture_output=True, encoding="utf-8", env=environment, cwd=cwd, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def transcripts() -> Iterator[tuple[str, str]]:
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def trimmed(text: str) -> str:
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


@pytest.mark.parametrize(("command", "shown"), [pytest.param(*case, id=case[0]) for case in transcripts()])
def test_transcript(command: str, shown: str, tmp_path: Path) -> None:
    program, *arguments = shlex.split(command)
    assert program == "ntk-theory"
    printed = trimmed(command_line(arguments, cwd=tmp_path))
    same = doctest.OutputChecker().check_output(trimmed(shown), printed, doctest.ELLIPSIS)
    assert same, f"README shows\n{shown}\nbut the command prints\n{printed}"


def test_there_are_transcripts() -> None:
    assert len(list(transcripts())) >= 2


def test_python_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ``>>>`` example, in order, in one namespace and an empty folder."""
    monkeypatch.chdir(tmp_path)
    text = "\n".join(blocks("python"))
    test = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 10
    report: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=report.append)
    assert results.failed == 0, "".join(report)


def test_shell_examples(tmp_path: Path) -> None:
    """Every plain ``ntk-theory`` line runs, in order, in one folder."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("ntk-theory")]
    assert len(lines) >= 9
    for line in lines:
        _, *arguments = shlex.split(line, comments=True)
        target = arguments[arguments.index(">") + 1] if ">" in arguments else None
        printed = command_line(arguments[: arguments.index(">")] if target else arguments, cwd=tmp_path)
        assert printed.strip(), line
        assert not printed.startswith("ntk-theory:"), printed
        if target:
            (tmp_path / target).write_text(printed, encoding="utf-8")


def test_problem_file_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(blocks("toml")[1], encoding="utf-8")
    problem = nt.problem(path)
    assert problem.fields == ("u@upper", "u@lower")
    assert [(g.name, g.parts) for g in problem.groups] == [
        ("flux", ("upper", "lower")), ("upper", ("upper",)), ("lower", ("lower",)),
    ]  # fmt: skip


def test_problem_file(tmp_path: Path) -> None:
    text, *_ = blocks("toml")
    path = tmp_path / "burgers.toml"
    path.write_text(text, encoding="utf-8")
    problem = nt.problem(path)
    assert [(g.name, str(g.kind)) for g in problem.groups] == [
        ("initial", "value"), ("ends", "value"), ("f", "equation"),
    ]  # fmt: skip
    assert nt.classify(problem).paper.case == "A"


def test_problem_with_an_ansatz(tmp_path: Path) -> None:
    path = tmp_path / "heat.toml"
    path.write_text(next(text for text in blocks("toml") if "[ansatz]" in text), encoding="utf-8")
    problem = nt.problem(path)
    assert problem.met_by_construction == ("initial", "ends")
    assert [g.name for g in problem.groups] == ["f"]


def test_json_keys() -> None:
    """Every key of the table is there, and the table leaves out none but the name and the summary."""
    table = README.partition("| key | content |")[2].partition("\n\n")[0]
    listed = {key for row in table.splitlines() if row for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    answer = json.loads(command_line(["classify", "u_t + u*u_x + u_xxx", "--json"]))
    assert set(answer) - listed == {"name", "disagreements"}
    assert listed <= set(answer)


@pytest.mark.parametrize("mark", ["main", "tests"])
def test_marked_commands_are_one_line(mark: str) -> None:
    assert re.search(rf"^<!-- ci:{mark} -->\n```sh\n[^\n]+\n```$", README, re.MULTILINE)


def test_pre_commit_runs_the_checks_of_ci() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = re.findall(r"^\s+entry: (.+)$", config, re.MULTILINE)
    checks = re.findall(r'^stage "(?:lint|format|types|layers)" inside tests (.+)$', CI, re.MULTILINE)
    assert len(hooks) == 4
    assert hooks == checks


def test_no_block_has_an_unknown_language() -> None:
    """A mistyped language would take an example out of these tests."""
    opened = re.findall(r"^```(\w*)$", README, re.MULTILINE)
    assert set(opened) <= {"", "sh", "console", "python", "toml"}


def test_the_training_table_is_the_benchmarks() -> None:
    """Errors and problems in the table are those of the committed results."""
    begin, end = "<!-- made by benchmarks/train_zoo.py -->", "<!-- end of the table -->"
    table = [
        line for line in README.partition(begin)[2].partition(end)[0].splitlines() if line.startswith("| ")
    ]
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in table]
    shown = {name: error.split()[0] for name, _, error in rows[1:]}
    results = json.loads((ROOT / "benchmarks" / "results" / "train_zoo.json").read_text(encoding="utf-8"))
    assert shown == {name: f"{found['error']:.1e}" for name, found in results["results"].items()}
