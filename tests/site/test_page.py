"""The page on which anyone types a PDE, as a visitor's browser has it: built here, driven in Chromium.

Answers and messages are compared with the command line's own, run in this process.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from chromium import CACHE, Chromium, Page, docs, served

import ntk_theory as nt
from ntk_theory.cli.app import run

pytestmark = pytest.mark.page

#: Seconds on two cores from opening the address to the first answer, and from asking to a later one.
COLD, WARM = 15, 1
WIDTHS = (375, 830, 1280)
ANSWERED = "document.documentElement.dataset.answered"

#: Problems of the zoo that are asked here; ``benchmarks/browser.py`` asks all.
STEP = 6

#: Options of the page → what the command line is given.
ASKED: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"text": "heat", "output_bias": "none"}, ["heat", "--output-bias", "none"]),
    ({"text": "kdv", "s": "2/5, 3/4"}, ["kdv", "--s", "2/5", "--s", "3/4"]),
    ({"text": "heat", "map_inputs": "true", "depth": "1"}, ["heat", "--map-inputs", "--depth", "1"]),
    ({"text": "poisson", "ansatz": "u = x*(1 - x)*v"}, ["poisson", "--ansatz", "u = x*(1 - x)*v"]),
    ({"text": "heat", "hard": "true"}, ["heat", "--hard"]),
    (
        {"text": "u_t = k*u_xx", "parameters": "k = 1/7", "activation": "sin", "init": "pytorch"},
        ["u_t = k*u_xx", "--parameter", "k = 1/7", "--activation", "sin", "--init", "pytorch"],
    ),
    ({"text": "heat", "features": "x = { periodic = 2 }"}, ["heat", "--features", "x = { periodic = 2 }"]),
    ({"text": "-u_xx + u"}, ["-u_xx + u"]),
)
PROBLEM = """
title = "A wave under a script"
equations = ["u_tt = c^2*u_xx - sin(u)"]
[parameters]
c = "3/2"
[domain]
x = [-1, 1]
t = [0, 2]
"""

#: What a careless or hostile visitor may type.
HOSTILE = (
    "",
    "u_t -",
    "u_t + cosinus(u)",
    "nope.toml",
    "/etc/passwd",
    "kdvv",
    "--help",
    "--json",
    "__import__('os').system('id')",
    "().__class__.__mro__[1].__subclasses__()",
    "lambda: 0",
    "u_t + u_xx; import os",
    "<img src=x onerror=alert(1)>",
    "</pre><script>alert(1)</script>",
    "u_t + u_xx \u202e \u0007",
    "u\u0000_t",
    "u_t + 𝒖",
    "u_t + u^(10^9)",
    "u_t + 9^9^9^9*u",
    "(" * 3000 + "u" + ")" * 3000,
    "u_t + " + "+".join(f"u^{k}" for k in range(4000)),
    "u_t + " + "1" * 100_000,
    "exp(" * 30 + "u" + ")" * 30 + "*" + "log(" * 30 + "u" + ")" * 30,
)
HOSTILE_FILES = (
    "",
    "equations = 1",
    "equations = ['u_t -']",
    "[[[",
    "equations = ['u_t']\n[domain]\nx = [1, 0]",
    "equations = ['u_t']\nnonsense = 7",
    "equations = ['u_t']\n[[data]]\nfile = '/etc/passwd'",
    "a" * 100_000,
)


class Site(NamedTuple):
    folder: Path
    address: str
    browser: Chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built once."""
    out = tmp_path_factory.mktemp("site") / "try"
    docs("build_page").build(out, CACHE)
    return out


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with served(folder) as (address, _), Chromium() as browser:
        yield Site(folder, address, browser)


@pytest.fixture(scope="module")
def page(site: Site) -> Page:
    """A tab whose engine is there."""
    page = site.browser.page(site.address)
    page.wait("document.documentElement.dataset.ready")
    return page


def ask(page: Page, question: Mapping[str, Any]) -> float:
    """Ask by the form, as a visitor would; seconds until the answer stands there."""
    number = int(page.run(f"Number({ANSWERED} ?? 0)"))
    page.run(
        f"""(() => {{
            const asked = {json.dumps(dict(question))}, form = document.getElementById("form");
            form.reset();
            document.getElementById(asked.is_file ? "kind-file" : "kind-equation").click();
            for (const [name, value] of Object.entries(asked)) {{
                if (name === "is_file") continue;
                const text = asked.is_file ? "file" : "equation";
                const control = document.getElementById(name === "text" ? text : name);
                if (control.type === "checkbox") control.checked = true; else control.value = value;
            }}
        }})()"""
    )
    begin = time.perf_counter()
    page.run("document.getElementById('ask').click()")
    page.wait(f"Number({ANSWERED} ?? 0) > {number}")
    return time.perf_counter() - begin


def content(page: Page, selector: str) -> str | None:
    return page.run(f"document.querySelector({json.dumps(selector)})?.textContent ?? null")  # type: ignore[no-any-return]


def answer(page: Page) -> dict[str, Any]:
    text = content(page, "#answer:not([hidden]) #json")
    assert text is not None, content(page, "#problem")
    return dict(json.loads(text))


def command_line(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capfd.readouterr()
    return run(["classify", "--json", *arguments]), *capfd.readouterr()


def operator(chance: random.Random) -> str:
    """An operator with coefficients drawn at random."""

    def number() -> str:
        return f"{chance.choice('+-')} {chance.randint(1, 99)}/{chance.randint(1, 99)}"

    second = chance.choice(("u_xx", "u_xxx", "u*u_x", "sin(u)", f"u^{chance.randint(2, 5)}", "u_x*u_xx"))
    return f"u_{chance.choice(('t', 'tt'))} {number()}*{second} {number()}*u"


def test_the_first_answer_comes_soon_and_later_ones_at_once(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = int.from_bytes(os.urandom(4))
    chance = random.Random(seed)
    first, *later = (operator(chance) for _ in range(4))
    with served(folder) as (address, _), Chromium() as browser:
        begin = time.perf_counter()
        page = browser.page(address)
        page.wait("document.getElementById('output_bias').options.length")
        ask(page, {"text": first})
        cold = time.perf_counter() - begin
        assert answer(page) == json.loads(command_line([first], capfd)[1]), f"seed {seed}: {first}"
        seconds = []
        for text in later:
            seconds.append(ask(page, {"text": text}))
            assert answer(page) == json.loads(command_line([text], capfd)[1]), f"seed {seed}: {text}"
        warm = statistics.median(seconds)
        assert browser.faults == []
    with capfd.disabled():
        print(f"\nfirst answer {cold:.1f} s cold, a later one {warm:.2f} s (median of {len(seconds)})")
    assert cold <= COLD
    assert warm <= WARM


@pytest.mark.parametrize("name", nt.zoo_names()[::STEP])
def test_a_problem_of_the_zoo_has_the_command_lines_answer(
    name: str, page: Page, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(page, {"text": name})
    assert answer(page) == json.loads(command_line([name], capfd)[1])


@pytest.mark.parametrize(("question", "arguments"), ASKED, ids=lambda x: str(x)[:40])
def test_the_form_says_what_the_options_say(
    question: dict[str, Any], arguments: list[str], page: Page, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(page, question)
    code, output, messages = command_line(arguments, capfd)
    assert code == 0, messages
    assert answer(page) == json.loads(output)


def test_a_problem_file_and_an_equation_with_a_domain(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("problem.toml").write_text(PROBLEM)
    ask(page, {"text": PROBLEM, "is_file": True, "map_inputs": "true"})
    assert answer(page) == json.loads(command_line(["problem.toml", "--map-inputs"], capfd)[1])
    Path("problem.toml").write_text('equations = ["u_t - u_xx"]\n[domain]\nx = [-1, 1]\nt = [0, 1]\n')
    expected = json.loads(command_line(["problem.toml", "--map-inputs"], capfd)[1])
    ask(page, {"text": "u_t - u_xx", "domain": "x = [-1, 1]\nt = [0, 1]", "map_inputs": "true"})
    assert answer(page) == expected
    assert expected != json.loads(command_line(["u_t - u_xx"], capfd)[1])  # the domain was asked, too


@pytest.mark.parametrize("text", HOSTILE, ids=lambda x: ascii(x[:30]))
def test_a_hostile_text_has_the_command_lines_message(
    text: str, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ask(page, {"text": text})
    # An input of one line drops line breaks and nothing else; a path of this machine is no path there.
    arguments = ["--", text] if text.startswith("-") else [text]
    code, _, messages = command_line(arguments, capfd)
    assert code != 0
    assert content(page, "#problem pre") == messages.rstrip("\n")
    assert page.run("document.querySelectorAll('#problem pre :not(span), #answer:not([hidden])').length") == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("depth", "0"), ("s", "1/0"), ("ansatz", "w = x*v"), ("features", "x = periodic"), ("hard", "true")],
)
def test_an_odd_option_has_the_command_lines_message(
    name: str, value: str, page: Page, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(page, {"text": "u_t - u_xx", name: value})
    option = [f"--{name}"] if value == "true" else [f"--{name}", value]
    code, _, messages = command_line(["u_t - u_xx", *option], capfd)
    assert code != 0
    assert content(page, "#problem pre") == messages.rstrip("\n")


@pytest.mark.parametrize("text", HOSTILE_FILES, ids=lambda x: ascii(x[:30]))
def test_a_hostile_file_has_the_command_lines_message(
    text: str, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("problem.toml").write_text(text)
    ask(page, {"text": text, "is_file": True})
    code, _, messages = command_line(["problem.toml"], capfd)
    assert code != 0
    assert content(page, "#problem pre") == messages.rstrip("\n")


def test_the_caret_stands_below_its_character(page: Page) -> None:
    ask(page, {"text": "u_t + cosinus(u)"})
    lines = (content(page, "#problem pre") or "").splitlines()
    assert lines[1].index("cosinus") == lines[2].index("^")
    exact = "[...document.querySelectorAll('#problem pre .exact')]"
    assert page.run(f"{exact}.map((l) => l.textContent).join('')") == f"{lines[1]}\n{lines[2]}\n"
    assert page.run(f"{exact}.every((l) => getComputedStyle(l).whiteSpace === 'pre')")


def test_markup_in_a_title_stays_text(page: Page) -> None:
    title = '<img src=x onerror="document.title=1">'
    text = f"title = '{title}'\nequations = ['u_x']\n"
    ask(page, {"text": text, "is_file": True})
    assert title in (content(page, "#answer-title") or "")
    assert page.run("document.querySelectorAll('#answer img').length") == 0


def test_a_link_asks_its_question(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    with_bias = site.browser.page(f"{site.address}#text=u_tt+-+u_xx+%2B+sin(u)&output_bias=normal&s=1")
    with_bias.wait(ANSWERED)
    arguments = ["u_tt - u_xx + sin(u)", "--output-bias", "normal", "--s", "1"]
    assert answer(with_bias) == json.loads(command_line(arguments, capfd)[1])
    assert with_bias.run("document.getElementById('output_bias').value") == "normal"
    with_bias.close()


def test_an_example_can_be_edited_as_a_file(page: Page, capfd: pytest.CaptureFixture[str]) -> None:
    ask(page, {"text": "burgers"})
    buttons = "[...document.querySelectorAll('#answer button')]"
    page.run(f"{buttons}.find((b) => b.textContent === 'Edit as a problem file').click()")
    file = page.run("document.getElementById('file').value")
    assert "+ u*u_x =" in file
    ask(page, {"text": file.replace("+ u*u_x", "+ u^2*u_x"), "is_file": True})
    before = json.loads(command_line(["burgers"], capfd)[1])
    assert answer(page)["operator"] == before["operator"].replace("+ u*u_x", "+ u^2*u_x")
    assert [g["name"] for g in answer(page)["groups"]] == [g["name"] for g in before["groups"]]


def test_a_module_that_the_memory_lacks_comes_from_the_reserve(site: Site) -> None:
    """The engine is made to say once that it lacks one."""
    page = site.browser.page(site.address)
    page.wait("document.documentElement.dataset.ready")
    worker = [session for kind, session in site.browser.sessions if kind == "worker"][-1]
    script = "globalThis.own = JSON.parse; JSON.parse = () => (JSON.parse = own, { lacking: 'No module' }); 0"
    site.browser.tell("Runtime.evaluate", worker, expression=script)
    before = [r for r in site.browser.requests if r.endswith("reserve.bin")]
    ask(page, {"text": "heat"})
    assert answer(page)["name"] == "heat"
    assert len([r for r in site.browser.requests if r.endswith("reserve.bin")]) > len(before)
    page.close()


def test_an_engine_that_cannot_be_had_is_said(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "try"
    shutil.copytree(folder, broken, symlinks=True)
    (broken / "engine" / "memory.bin").unlink()
    with served(broken) as (address, _), Chromium() as browser:
        page = browser.page(address)
        page.wait("document.getElementById('problem').textContent")
        assert "memory.bin answers 404" in (content(page, "#problem") or "")
        assert content(page, "#status") == "The engine has stopped."


def test_by_keyboard_alone_and_said_aloud(page: Page) -> None:
    page.run("document.getElementById('form').reset(); document.getElementById('kind-equation').click()")
    page.run("document.getElementById('kind-equation').focus()")
    page.key("Tab", code=9)
    assert page.run("document.activeElement.id") == "equation"
    page.run("document.activeElement.select()")
    page.type("u_t - 3*u_xx")
    number = page.run(ANSWERED)
    page.key("Enter", text="\r", code=13)
    page.wait(f"{ANSWERED} !== {json.dumps(number)}")
    assert answer(page)["operator"] == "u_t - 3*u_xx"
    said = page.run("document.querySelector('[role=status][aria-live=polite]').textContent")
    assert "K_ff for s ≥ 1/2" in said
    ask(page, {"text": "u_t -"})
    assert page.run("document.querySelector('[role=alert]').textContent").startswith(
        "ntk-theory: the text ends"
    )


def test_stopping_leaves_an_engine_that_answers(page: Page) -> None:
    page.run("document.getElementById('equation').value = 'kdv'; document.getElementById('ask').click()")
    page.run("document.getElementById('stop').click()")
    page.wait("document.getElementById('status').textContent.startsWith('Ready')")
    ask(page, {"text": "heat"})
    assert answer(page)["name"] == "heat"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(width: int, page: Page) -> None:
    page.resize(width, 900)
    for question in ({"text": "navier-stokes-2d", "s": "3/4"}, {"text": "u_t + " + "u_x + " * 60}):
        ask(page, question)
        page.run("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        assert page.run("document.documentElement.scrollWidth <= window.innerWidth"), question
    page.resize(1280, 900)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(is_dark: bool, page: Page) -> None:
    page.dark(is_dark)
    for question in ({"text": "kdv", "s": "3/4"}, {"text": "u_t -"}, {"text": PROBLEM, "is_file": True}):
        ask(page, question)
        assert page.serious() == [], question
    # Negative control: a text that nobody can read is found.
    page.run("document.querySelector('h1').style.color = 'var(--line)'")
    assert "color-contrast" in " ".join(page.serious())
    page.run("document.querySelector('h1').style.color = ''")
    page.dark(False)


def test_no_request_leaves_the_origin(site: Site, page: Page) -> None:
    """Of all that the tests above did, pages, engines and the keeper of files together."""
    ask(page, {"text": "heat"})
    assert len(site.browser.requests) > 20
    assert {r for r in site.browser.requests if not r.startswith((site.address, "blob:", "data:"))} == set()
    assert site.browser.faults == []


def test_a_request_that_leaves_the_origin_is_seen(tmp_path: Path) -> None:
    """Negative control, from a page and from a worker."""
    (tmp_path / "index.html").write_text(
        "<script>new Worker('w.js'); fetch('http://127.0.0.1:9/page')</script>"
    )
    (tmp_path / "w.js").write_text("fetch('http://127.0.0.1:9/worker')")
    with served(tmp_path) as (address, _), Chromium() as browser:
        browser.page(address)
        end = time.perf_counter() + 20
        while time.perf_counter() < end and len({r for r in browser.requests if ":9/" in r}) < 2:
            time.sleep(0.05)
        assert {r for r in browser.requests if ":9/" in r} == {
            "http://127.0.0.1:9/page",
            "http://127.0.0.1:9/worker",
        }


def test_it_works_without_a_network_once_it_was_there(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with served(folder) as (address, server), Chromium() as browser:
        page = browser.page(address)
        page.wait("navigator.serviceWorker.ready.then((r) => r.active?.state === 'activated')")
        server.shutdown()
        server.server_close()
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(address, timeout=5)
        page.close()
        page = browser.page(f"{address}#text=u_t+-+5*u_xx")
        page.wait(ANSWERED)
        assert answer(page) == json.loads(command_line(["u_t - 5*u_xx"], capfd)[1])
