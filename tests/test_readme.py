"""README.md: short, its commands are those of continuous integration; its blocks run in tests/pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ntk_theory as nt

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
#: A page and a half.
WORDS = 950


@pytest.mark.parametrize("mark", ["main", "tests"])
def test_marked_commands_are_one_line(mark: str) -> None:
    assert re.search(rf"^<!-- ci:{mark} -->\n```sh\n[^\n]+\n```$", README, re.MULTILINE)


def test_pre_commit_runs_the_checks_of_ci() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = re.findall(r"^\s+entry: (.+)$", config, re.MULTILINE)
    checks = re.findall(r'^stage "(?:lint|format|types|layers)" inside tests (.+)$', CI, re.MULTILINE)
    assert len(hooks) == 4
    assert hooks == checks


def test_it_is_short() -> None:
    assert len(README.split()) <= WORDS


def test_its_links_work_wherever_it_is_shown() -> None:
    """On an index of packages a relative link leads nowhere; the one picture is taken out there."""
    without = re.sub(r"<!-- picture -->.*?<!-- end of the picture -->", "", README, flags=re.DOTALL)
    assert [
        target for target in re.findall(r"\]\(([^)]+)\)", without) if not target.startswith("https://")
    ] == []
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert (ROOT / picture).exists()


def test_the_counts_are_the_package_s() -> None:
    """Equations of the zoo, and sources besides the paper."""
    assert f"on {len(nt.zoo_names())} equations" in README
    words = {11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen"}
    assert f"{words[len(nt.claims.known()) - 1]} other sources" in " ".join(README.split())
