"""CONTRIBUTING.md: its picture is the linter's, its rooms are on the disk, its places exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGE = ROOT / "ntk_theory"
#: Modules beside the rooms that only start the package.
STARTERS = {"__init__", "__main__", "version"}


def modules() -> set[str]:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    return rooms | {path.stem for path in PACKAGE.glob("*.py")} - STARTERS


def picture() -> list[str]:
    _, _, rest = PAGE.partition("<!-- the layers of pyproject.toml, highest first -->\n```\n")
    return rest.partition("\n```")[0].splitlines()


def test_the_picture_is_the_contract_of_the_import_linter() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (contract,) = [c for c in contracts if c["name"] == "rooms stand on lower rooms only"]
    assert picture() == [line.replace("ntk_theory.", "") for line in contract["layers"]]


def test_the_picture_has_every_room_once() -> None:
    drawn = [room.strip() for line in picture() for room in line.split("|")]
    assert sorted(drawn) == sorted(modules())


def test_the_table_of_rooms_is_what_is_on_the_disk() -> None:
    table = PAGE.partition("| room | holds |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    listed = [name for cell in cells for name in re.findall(r"`(\w+)(?:/|\.py)`", cell)]
    assert sorted(listed) == sorted(modules())


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`((?:ntk_theory|tests|benchmarks)/[\w/.]+)`", PAGE)))
)
def test_a_named_place_exists(place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize(("name", "place"), re.findall(r"of `([A-Z_]+)` in `([\w/.]+)`", PAGE))
def test_a_named_table_is_in_its_file(name: str, place: str) -> None:
    assert re.search(rf"^{name}\b.*=", (ROOT / place).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_readme_links_here() -> None:
    assert "`CONTRIBUTING.md`" in (ROOT / "README.md").read_text(encoding="utf-8")
