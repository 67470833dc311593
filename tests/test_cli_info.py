"""``ntk-theory info``, and what stands beside the package for those who report and cite."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from ntk_theory.cli import main

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_info_tells_versions_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["info", "--json"])
    assert end.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["packages"]["numpy"] == np.__version__
    assert found["threads"] >= 1
    assert found["memory_gb"] > 0
    assert not found["stores"]["folder"].startswith(str(Path.home()))
    with pytest.raises(SystemExit):
        main(["info"])
    assert re.search(r"^numpy +\d", capsys.readouterr().out, re.MULTILINE)


def test_every_dependency_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """One that is added and forgotten here would be missing in reports."""
    with pytest.raises(SystemExit):
        main(["info", "--json"])
    told = json.loads(capsys.readouterr().out)["packages"]
    assert {re.split(r"[><=]", line)[0] for line in PROJECT["dependencies"]} <= set(told)


def test_the_citation_has_the_version_of_the_package() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {PROJECT['version']}\n" in text
    assert PROJECT["authors"][0]["name"] in text


@pytest.mark.parametrize("name", ["bug", "claim", "problem"])
def test_a_template_has_its_head(name: str) -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.md").read_text(encoding="utf-8")
    assert re.match(r"---\nname: .+\nabout: .+\nlabels: .+\n---\n", text)
