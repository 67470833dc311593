"""The documentation as a visitor's browser has it: legible in light and dark, and no wider than a phone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import ROOT, Chromium, Page, served

pytestmark = pytest.mark.page

#: Every ingredient of the site: tables, figures, formulas, transcripts, signatures, an index, the search.
COVERING = (
    "index.html", "start.html", "gallery.html", "claims.html", "search.html", "py-modindex.html",
    "explanation/theory.html", "howto/laziness.html", "reference/training.html",
)  # fmt: skip
WIDTHS = (375, 830)


@pytest.fixture(scope="module")
def site() -> Path:
    """The site of this checkout, built where it is built by hand: what has not changed is not built again."""
    folder = ROOT / "build" / "site"
    command = ["-m", "sphinx", "-W", "-q", "-b", "html", "-d", str(ROOT / "build" / "doctrees")]
    subprocess.run([sys.executable, *command, str(ROOT / "docs"), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as (address, _):
        yield address


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with Chromium() as browser:
        yield browser.page("about:blank")


def visit(page: Page, address: str) -> None:
    page.go(address)
    page.wait(f"location.href === {address!r} && document.readyState === 'complete'")


@pytest.mark.parametrize("name", COVERING)
def test_axe_finds_nothing_serious(name: str, page: Page, address: str) -> None:
    for is_dark in (False, True):
        page.dark(is_dark)
        visit(page, address + name)
        assert page.serious() == []


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_sees_what_nobody_can_read(is_dark: bool, page: Page, address: str) -> None:
    """Negative control."""
    page.dark(is_dark)
    visit(page, f"{address}howto/index.html")
    page.run("document.querySelector('h1').style.color = 'var(--color-background-border)'")
    assert "color-contrast" in " ".join(page.serious())


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(width: int, page: Page, site: Path, address: str) -> None:
    """Of all pages; tables and code scroll by themselves."""
    page.resize(width, 900)
    names = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    names = [name for name in names if not name.startswith("try/")]
    assert len(names) > 30
    wide = []
    for name in names:
        visit(page, address + name)
        if page.run("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(name)
    assert wide == []
    page.resize(1280, 900)
