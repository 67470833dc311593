"""No text from a file or a user steers a terminal, or reads otherwise than it is, in any medium."""

from __future__ import annotations

import ast
import csv
import io
import json
from pathlib import Path

import pytest
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.progress import Bar
from ntk_theory.report.page import markup
from ntk_theory.report.terminal import screen
from ntk_theory.studies.engine.export import FORMULA
from ntk_theory.visible import REPLACEMENT, on_one_line, say, visible, visible_json

PACKAGE = Path(nt.__file__).parent
#: Clear, C1, window title, go back, right to left, no width, line separator, delete, NUL.
HOSTILE = (
    "\x1b[2J",
    "\x9b31m",
    "\x1b]0;title\x07",
    "\x08\x08",
    "\r",
    "\u202e",
    "\u200b",
    "\u2028",
    "\x7f",
    "\0",
)
#: In a title as TOML writes it.
TITLE = "".join(HOSTILE)
PROBLEM = """title = {title}
source = {title}
notes = {title}
equations = ["u_t = u_xx"]
[domain]
x = [0, 1]
t = [0, 1]
"""


def steers(text: str) -> list[str]:
    return [ch for ch in text if not ch.isprintable() and ch != "\n"]


@pytest.fixture
def problem_file(tmp_path: Path) -> Path:
    path = tmp_path / "hostile.toml"
    path.write_text(PROBLEM.format(title=json.dumps(f"a{TITLE}b$\\frac{{c")), encoding="utf-8")
    return path


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_steers_is_shown(text: str) -> None:
    shown = visible(f"a{text}b")
    assert len(shown) == len(text) + 2
    assert not steers(shown)
    assert REPLACEMENT in shown


@pytest.mark.parametrize("text", ["u_t = u_xx", "a\nb", "Schrödinger ε→0 ‖K‖", "雨", "a\u00a0b", ""])
def test_other_texts_stay(text: str) -> None:
    assert visible(text) == text
    assert visible_json(json.dumps(text, ensure_ascii=False)).count("\\u") == ("\u00a0" in text)


def test_json_reads_back() -> None:
    data = {TITLE: [TITLE, "\U000e0001", "ä"]}
    text = visible_json(json.dumps(data, indent=2, ensure_ascii=False))
    assert not steers(text)
    assert json.loads(text) == data


def test_a_printed_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(TITLE)
    assert not steers(capsys.readouterr().out)


def test_every_renderable_of_a_console(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(TITLE)
    table.add_row(TITLE)
    for each in (TITLE, Text(TITLE), Padding(Text(TITLE), 1), table):
        screen.console(width=60).print(each)
        assert not steers(capsys.readouterr().out)


def test_a_page_and_its_attributes() -> None:
    for made in (markup.tag("p", TITLE), markup.tag("p", "x", title=TITLE), markup.document(TITLE, TITLE)):
        assert not steers(made)


def test_a_bar_stays_on_its_line() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    Bar(1.0, stream=stream).note(f"a\n{TITLE}")
    assert steers(stream.getvalue().removeprefix("\r\x1b[K")) == []
    assert "\n" not in stream.getvalue()
    assert on_one_line("a\nb") == "a b"


COMMANDS = [
    ["classify"], ["classify", "--why"], ["classify", "--json"], ["classify", "--latex"],
    ["recommend", "--width", "8", "--points", "3"], ["kernel", "--width", "6", "--points", "3"],
    ["kernel", "--width", "6", "--points", "3", "--json"], ["limit", "--points", "2", "--draws", "4"],
    ["train", "--steps", "1", "--width", "4"],
]  # fmt: skip
#: The problem is homogeneous, so a run that fits it is called underdetermined.
ENDS = {"train": 4}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_problem_s_title(command: list[str], problem_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([command[0], str(problem_file), *command[1:]]) == ENDS.get(command[0], 0)
    out, err = capfd.readouterr()
    assert not steers(out + err)


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_title_is_no_formula_in_a_picture(problem_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = problem_file.parent
    for command, name in (("kernel", "k.svg"), ("limit", "l.svg"), ("train", "t.png")):
        sizes = {
            "kernel": ["--width", "6"],
            "limit": ["--draws", "4"],
            "train": ["--steps", "1", "--width", "4"],
        }
        points = ["--points", "4"]
        code = run([command, str(problem_file), *points, *sizes[command], "--plot", str(folder / name)])
        assert code == ENDS.get(command, 0), capfd.readouterr().err


def test_a_study_s_page_rows_and_tables(problem_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store, page, rows = (problem_file.with_name(name) for name in ("s.sqlite", "s.html", "s.csv"))
    sizes = ["--widths", "4,8", "--seeds", "4", "--points", "2", "--workers", "1", "--s", "1/2"]
    assert run(["verify", str(problem_file), *sizes, "--store", str(store)]) in (0, 3)
    assert run(["report", str(store), "-o", str(page)]) == 0
    assert run(["report", str(store), "-o", str(rows)]) == 0
    out, err = capfd.readouterr()
    assert not steers(out + err)
    assert not steers(page.read_text("utf-8"))
    assert not steers(rows.read_text("utf-8"))


def test_a_case_that_is_a_formula_is_text_in_a_spreadsheet(tmp_path: Path) -> None:
    store, rows = tmp_path / "s.sqlite", tmp_path / "rows.csv"
    sizes = ["--widths", "4,8", "--seeds", "4", "--points", "2", "--workers", "1", "--s", "1/2"]
    assert run(["verify", "-u_xx + u", *sizes, "--store", str(store)]) in (0, 3)
    assert run(["report", str(store), "-o", str(rows)]) == 0
    with open(rows, encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    texts = [cell for cell in cells if not _is_number(cell)]
    assert any("u_xx" in cell for cell in texts)
    assert not [cell for cell in texts if cell.lstrip().startswith(FORMULA)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_messages_that_quote_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = json.dumps(TITLE)
    for text in (
        f"equations = [{hostile}]", f"{hostile} = 1", f'equations = ["u_t"]\n[parameters]\n{hostile} = 1',
        f'equations = ["u_t"]\n[[conditions]]\nname = {hostile}\nequation = "u"', TITLE,
        f'equations = ["u_t"]\nfields = [{hostile}]', f'equations = ["u_t"]\n[domain]\n{hostile} = [0, 1]',
    ):  # fmt: skip
        path = tmp_path / "p.toml"
        path.write_text(text, encoding="utf-8")
        assert run(["classify", str(path)]) == 2
        out, err = capsys.readouterr()
        assert not steers(out + err)


def test_nothing_else_prints() -> None:
    """Whoever prints past the border is named."""
    # The checker of certificates is a program of its own, which imports nothing of the package.
    border = {
        PACKAGE / "visible.py",
        PACKAGE / "report" / "terminal" / "screen.py",
        PACKAGE / "proof" / "checker.py",
    }
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        if names & {"print", "Console"} and path not in border:
            found.append(str(path.relative_to(PACKAGE)))
    assert found == []
