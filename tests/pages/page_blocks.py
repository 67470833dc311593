"""The code blocks of a Markdown page, and how each kind is run: what the site shows is what happens.

``python`` with ``>>>`` is a doctest, without it is executed. A block of any language with ``# file: NAME``
first is written down instead. ``console`` is a transcript that is compared. Of ``sh`` every line that begins
with ``ntk-theory`` is run; ``|| true`` lets it end with another exit code, ``> NAME`` keeps its output. A
block after ``<!-- not run: WHY -->`` is shown only. Every page has one namespace and one folder.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ntk_theory.cli.app import run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {
    path.relative_to(ROOT).as_posix(): path
    for path in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
    if "try" not in path.relative_to(ROOT).parts
}
_BLOCK = re.compile(
    r"^(?P<note><!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"\A# file: (\S+)\n")
#: Languages that a page may use. A mistyped one would take an example out of the tests.
LANGUAGES = {"", "sh", "console", "python", "toml", "csv", "yaml"}
DIRECTIVES = re.compile(r"\{(eval-rst|toctree|plot)\}")
WIDTH = "100"


@dataclass(frozen=True)
class Block:
    """One fenced block of a page; ``why`` says why it is not run."""

    language: str
    text: str
    why: str


def blocks(text: str) -> list[Block]:
    """All blocks in their order."""
    return [Block(m["language"], m["text"], m["why"] or "") for m in _BLOCK.finditer(text)]


def trimmed(text: str) -> str:
    """Without spaces at the ends of lines."""
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def command_line(arguments: list[str]) -> tuple[int, str]:
    """Exit code, and what a terminal of 100 columns shows: standard output, then standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    return code, out.getvalue() + err.getvalue()


@dataclass
class Reader:
    """Somebody who types what a page says, in an empty folder."""

    page: str
    space: dict[str, Any] = field(default_factory=dict)
    ran: int = 0

    def follow(self, text: str) -> None:
        """Every block in its order."""
        for block in blocks(text):
            if block.why or not block.text.strip():
                continue
            name = _FILE.match(block.text)
            if name:
                Path(name[1]).write_text(block.text, encoding="utf-8")
            elif block.language == "python":
                self._python(block.text)
            elif block.language == "console":
                self._transcripts(block.text)
            elif block.language == "sh":
                self._commands(block.text)

    def _python(self, text: str) -> None:
        self.ran += 1
        if ">>>" not in text:
            exec(compile(text, self.page, "exec"), self.space)
            return
        test = doctest.DocTestParser().get_doctest(text, self.space, self.page, self.page, 0)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
        results = runner.run(test, out=report.append, clear_globs=False)
        self.space.update(test.globs)
        assert results.failed == 0, "".join(report)

    def _transcripts(self, text: str) -> None:
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            program, *arguments = shlex.split(command)
            assert program == "ntk-theory", command
            _, printed = command_line(arguments)
            same = doctest.OutputChecker().check_output(trimmed(shown), trimmed(printed), doctest.ELLIPSIS)
            assert same, f"{self.page} shows\n{shown}\nbut the command prints\n{printed}"
            self.ran += 1

    def _commands(self, text: str) -> None:
        for line in text.splitlines():
            if not line.startswith("ntk-theory "):
                continue
            _, *arguments = shlex.split(line, comments=True)
            may_fail = arguments[-2:] == ["||", "true"]
            arguments = arguments[:-2] if may_fail else arguments
            target = arguments[arguments.index(">") + 1] if ">" in arguments else None
            arguments = arguments[: arguments.index(">")] if target else arguments
            if any(argument.endswith("-completion") for argument in arguments):  # would change the shell
                continue
            code, printed = command_line(arguments)
            assert code == 0 or may_fail, f"{line}\n{printed}"
            assert printed.strip() or "--delete" in arguments, line
            if target:
                Path(target).write_text(printed, encoding="utf-8")
            self.ran += 1


def reads(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Follow one page in a folder; data of the user go there too."""
    monkeypatch.chdir(folder)
    for name, value in {"COLUMNS": WIDTH, "NO_COLOR": "1", "XDG_DATA_HOME": str(folder)}.items():
        monkeypatch.setenv(name, value)
    reader = Reader(page)
    reader.follow(PAGES[page].read_text(encoding="utf-8"))
    return reader
