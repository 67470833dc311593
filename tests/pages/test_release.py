"""What a release needs agrees: versions, the recipe's requirements, extras, the changelog's sections."""

from __future__ import annotations

import re
import tomllib

from pages.page_blocks import DOCS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RECIPE = (DOCS / "conda" / "meta.yaml").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_citation_has_the_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(PROJECT['version'])}$", citation, re.MULTILINE)


def test_the_recipe_is_of_this_version_and_needs_what_the_project_needs() -> None:
    (version,) = re.findall(r'{% set version = "([^"]+)" %}', RECIPE)
    assert PROJECT["version"] in (version, f"{version}.dev0")
    run = RECIPE.partition("  run:\n")[2].partition("\n\n")[0]
    needed = {line.strip("- ").strip().replace(" ", "") for line in run.splitlines()}
    declared = {name.replace("matplotlib", "matplotlib-base") for name in PROJECT["dependencies"]}
    assert needed == declared | {f"python{PROJECT['requires-python']}"}
    (entry,) = re.findall(r"- ntk-theory = (\S+)", RECIPE)
    assert entry == PROJECT["scripts"]["ntk-theory"]


def test_every_extra_is_explained() -> None:
    page = (DOCS / "release.md").read_text(encoding="utf-8").partition("## Extras")[2]
    explained = {
        name
        for row in page.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert explained == set(PROJECT["optional-dependencies"])


def test_the_changelog_has_a_section_of_this_version() -> None:
    sections = re.findall(r"^## \[([^\]]+)\]", CHANGELOG, re.MULTILINE)
    assert sections[:2] == ["Unreleased", PROJECT["version"].removesuffix(".dev0")]
