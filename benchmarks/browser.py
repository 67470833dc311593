"""The page in Chromium: seconds to the first answer and to later ones; every problem of the zoo compared.

    python benchmarks/browser.py [--repeats 5] [--page FOLDER] [--out benchmarks/results/browser.json]

Builds the page (or takes a built one), opens it in a fresh browser with a fresh profile for every cold
time, then asks all problems of the zoo in one tab and compares each answer with ``classify --json``. Exit
code 1 where an answer differs. ``--out`` writes the figures with machine and date.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from chromium import Chromium, Page, served
from environment import write

import ntk_theory as nt
from ntk_theory.cli.app import run

ROOT = Path(__file__).resolve().parents[1]
ANSWERED = "document.documentElement.dataset.answered"


def main() -> int:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="fresh browsers; default: %(default)s")
    parser.add_argument("--page", type=Path, help="a built page; default: it is built")
    parser.add_argument("--out", type=Path, help="file of the figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.page or Path(temporary) / "try"
        if given.page is None:
            build = [sys.executable, str(ROOT / "docs" / "build_page.py"), str(folder)]
            subprocess.run(build, check=True)
        with served(folder) as (address, _):
            colds = [cold(address) for _ in range(given.repeats)]
            print(f"first answer, cold: median {statistics.median(colds):.1f} s, most {max(colds):.1f} s "
                  f"of {len(colds)} browsers")  # fmt: skip
            with Chromium() as browser:
                later, different = compare(browser.page(address))
    if given.out:
        results = {"first_answers": colds, "later_answers": later, "different": different}
        write(given.out, results)
    return int(bool(different))


def cold(address: str) -> float:
    """Seconds from opening the address, in a browser that was never there, to the answer."""
    with Chromium() as browser:
        begin = time.perf_counter()
        browser.page(f"{address}#text=u_t+%2B+7*u*u_x+-+u_xxx").wait(ANSWERED)
        return time.perf_counter() - begin


def compare(page: Page) -> tuple[dict[str, float], list[str]]:
    """Ask every problem: the seconds, and the problems with another answer than the command line's."""
    page.wait("document.documentElement.dataset.ready")
    seconds: dict[str, float] = {}
    different: list[str] = []
    for name in nt.zoo_names():
        number = page.run(f"{ANSWERED} ?? '0'")
        begin = time.perf_counter()
        page.run(f"document.getElementById('equation').value = {json.dumps(name)}; "
                 "document.getElementById('ask').click()")  # fmt: skip
        page.wait(f"({ANSWERED} ?? '0') !== {json.dumps(number)}")
        seconds[name] = time.perf_counter() - begin
        text = page.run("document.querySelector('#answer:not([hidden]) #json')?.textContent ?? 'null'")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            run(["classify", name, "--json"])
        if json.loads(text) != json.loads(output.getvalue()):
            different.append(name)
    slowest = max(seconds, key=seconds.__getitem__)
    median = statistics.median(seconds.values())
    print(f"later answers: median {median:.2f} s, most {seconds[slowest]:.2f} s ({slowest})")
    print(f"{len(seconds) - len(different)} of {len(seconds)} problems equal to classify --json")
    if different:
        print(f"different: {', '.join(different)}")
    return seconds, different


if __name__ == "__main__":
    sys.exit(main())
