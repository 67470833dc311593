"""The check of the built site: a whole one passes, and every fault is seen."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from pages.page_blocks import DOCS

GOOD = '<html><body id="a"><a href="two.html#b">x</a><img src="p.svg" alt="a picture"></body></html>'


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_site", DOCS / "check_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def site(folder: Path, body: str = "") -> Path:
    (folder / "one.html").write_text(GOOD.replace("</body>", body + "</body>"), encoding="utf-8")
    (folder / "two.html").write_text('<p id="b">y</p>', encoding="utf-8")
    (folder / "p.svg").write_text("<svg/>", encoding="utf-8")
    return folder


def test_a_whole_site_has_no_fault(check: ModuleType, tmp_path: Path) -> None:
    body = '<a href="https://arxiv.org/abs/2412">paper</a><a href="#a">up</a><a href="try/index.html">try</a>'
    assert list(check.faults(site(tmp_path, body))) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="three.html">x</a>', "leads nowhere"),
        ('<a href="two.html#c">x</a>', "leads to no place"),
        ('<a href="http://arxiv.org">x</a>', "not well formed"),
        ('<img src="p.svg">', "has no text"),
        ('<script src="https://cdn.example.org/x.js"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="//fonts.example.org/x.css">', "from elsewhere"),
    ],
)
def test_a_fault_is_seen(check: ModuleType, tmp_path: Path, body: str, fault: str) -> None:
    assert any(fault in found for found in check.faults(site(tmp_path, body)))


def test_a_link_into_the_page_apart_is_followed_once_it_is_there(check: ModuleType, tmp_path: Path) -> None:
    folder = site(tmp_path, '<a href="try/index.html">try</a>')
    (folder / "try").mkdir()
    assert any("try/index.html leads nowhere" in found for found in check.faults(folder))
