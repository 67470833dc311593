"""Every section of the theory page that the code cites exists."""

from __future__ import annotations

import re
from pathlib import Path

import ntk_theory

ROOM = Path(ntk_theory.__file__).parent
PAGE = (ROOM / "theory" / "THEORY.md").read_text(encoding="utf-8")


def test_cited_sections_exist():
    sections = set(re.findall(r"^## §(\d)", PAGE, flags=re.MULTILINE))
    points = {f"7.{n}" for n in re.findall(r"^(\d)\. ", PAGE.partition("## §7")[2], flags=re.MULTILINE)}
    cited = set()
    for path in ROOM.rglob("*.py"):
        cited |= set(re.findall(r"THEORY §(\d(?:\.\d)?)", path.read_text(encoding="utf-8")))
    assert {"1", "2", "3", "4", "5", "6"} <= cited
    assert cited <= sections | points


def test_every_rule_carries_a_mark():
    for mark in ("[ZY]", "[R]", "[D]", "[C]"):
        assert PAGE.count(mark) > 2
