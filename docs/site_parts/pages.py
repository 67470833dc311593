"""Marks in pages, ``<!-- made: NAME -->``, and what is put in their place while the site is built.

What can be made from the package or from a committed result is made, so that no table of the site can be
older than what it speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from site_parts import commands, literature, measured, problems, records

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"^<!-- made: ([\w-]+) -->$", re.MULTILINE)

#: Name of a mark → what is put there.
MADE: dict[str, Callable[[], str]] = {
    "zoo": problems.zoo,
    "zoo-count": problems.count,
    "zoo-benchmarks": problems.benchmarks,
    "claims": literature.sources,
    "verdicts-on-two": literature.on_two,
    "verdicts": literature.verdicts,
    "commands": commands.every,
    "json-keys": records.every,
    "kernels": measured.kernels,
    "ingredients": measured.ingredients,
    "training": measured.training,
    "solved": measured.solved,
    "finite-width": measured.finite_width,
    "finite-width-ranks": measured.ranks,
    "machines": measured.machines,
    "limits": measured.limits,
    "theory": lambda: _below(ROOT / "ntk_theory" / "theory" / "THEORY.md"),
    "contributing": lambda: _below(ROOT / "CONTRIBUTING.md"),
    "changelog": lambda: _below(ROOT / "CHANGELOG.md"),
    "conduct": lambda: _below(ROOT / "CODE_OF_CONDUCT.md"),
    "citation": lambda: "```yaml\n" + (ROOT / "CITATION.cff").read_text(encoding="utf-8") + "```",
}


def _below(path: Path) -> str:
    """A file of the repository without its title; links to other files of it become their names."""
    text = path.read_text(encoding="utf-8").partition("\n")[2]
    text = text.replace("‖_", r"‖\_")  # an index of a norm; two of them would be read as emphasis
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)", r"\1", text)


def filled(text: str) -> str:
    """The page with every mark replaced; an unknown mark is an error."""
    return MARK.sub(lambda found: MADE[found[1]](), text)


def replace(_app: Any, _name: str, source: list[str]) -> None:
    """Sphinx' event ``source-read``."""
    source[0] = filled(source[0])


def setup(app: Any) -> None:
    """Fill pages as they are read."""
    app.connect("source-read", replace)
