"""A study's page in a browser: a drawing to look into where scripts are on, all else where they are off."""

import pytest
from chromium import Chromium

from ntk_theory.report.page.initialisation import page
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.studies.initialisation.verify import verify

pytestmark = pytest.mark.page


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    result = verify(
        "burgers", widths=(32, 64, 128), seeds=12, points=3, s=("1/2", "1"), workers=1, progress=False
    )
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page(result, Provenance([], "")), encoding="utf-8")
    return file.as_uri()


def test_the_drawing_follows_block_and_exponent(address):
    with Chromium() as browser:
        tab = browser.page(address, width=830)
        tab.wait("document.querySelectorAll('.chart svg circle').length > 0")
        assert tab.run("document.querySelectorAll('.chart svg circle').length") == 2 * 3
        first = tab.run("document.querySelector('.chart svg').innerHTML")
        tab.run("{const [b, s] = document.querySelectorAll('.chart select'); s.value = '1';"
                "s.dispatchEvent(new Event('change'));}")  # fmt: skip
        assert tab.run("document.querySelectorAll('.chart svg circle').length") == 3
        tab.run("{const [b] = document.querySelectorAll('.chart select'); b.selectedIndex += 1;"
                "b.dispatchEvent(new Event('change'));}")  # fmt: skip
        assert tab.run("document.querySelector('.chart svg').innerHTML") != first
        tab.run("document.querySelector('.chart circle').focus()")
        assert "N = 32: median" in tab.run("document.querySelector('.chart output').textContent")
        assert browser.faults == []
        assert [url for url in browser.requests if not url.startswith(("data:", "file:", "about:"))] == []


def test_it_fits_a_phone(address):
    """Nothing but tables of numbers and figures, which scroll by themselves, is wider than the screen."""
    with Chromium() as browser:
        tab = browser.page(address, width=375)
        tab.wait("document.querySelectorAll('.told td').length > 3")
        assert tab.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        wide = (
            "[...document.querySelectorAll('.told td')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
        )
        assert tab.run(wide) == 0
        assert tab.run("document.querySelector('.told td').clientWidth") > 250


def test_without_scripts_the_page_says_the_same(address):
    with Chromium() as browser:
        tab = browser.page("about:blank")
        tab.tell("Emulation.setScriptExecutionDisabled", value=True)
        tab.go(address)
        tab.wait("document.querySelectorAll('table').length > 3")
        assert tab.run("document.querySelector('.chart').hidden")
        assert tab.run("document.querySelectorAll('img').length") == 3


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(is_dark, address):
    with Chromium() as browser:
        tab = browser.page(address)
        tab.dark(is_dark)
        tab.wait("document.querySelectorAll('.chart svg circle').length > 0")
        assert tab.serious() == []
        # Negative control: a text in the colour of lines.
        tab.run("document.querySelector('h1').style.color = 'var(--line)'")
        assert "color-contrast" in " ".join(tab.serious())
