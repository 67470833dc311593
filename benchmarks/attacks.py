"""Attack the command line: every line of ``tests/attack_table.py`` in a sandbox of its own.

    python benchmarks/attacks.py [--only TEXT] [--seconds 60]

Each attack is a process of its own with closed standard input, bounded time and address space. Prints a line
per attack (seconds, peak memory, exit code, what went wrong) and the totals; exit code 1 where any attack was
not withstood.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from attack_table import Attack, attacks, contents, faults, make_store, sandbox, words

#: Bytes of address space; a Numba process asks for about two GiB of it.
ADDRESSES = 12 << 30


def limited() -> None:
    """In the child: no more addresses than allowed, no core."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def made(attack: Attack, folder: Path, seconds: float) -> tuple[list[str], float, float, int]:
    """What went wrong, seconds, peak MiB, exit code."""
    before, begin = contents(folder), time.perf_counter()
    command = [sys.executable, "-m", "ntk_theory", *words(attack.command)]
    data = os.environ | {"XDG_DATA_HOME": str(folder.parent / "data"), "MPLBACKEND": "Agg"}
    with open(folder.parent / "output", "w+b") as output:
        child = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=data,
            preexec_fn=limited,  # noqa: PLW1509  no thread is running here
        )  # fmt: skip
        late = threading.Timer(seconds, child.kill)
        late.start()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        hung = not late.is_alive()
        late.cancel()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    wrong = faults(attack, child.returncode, text, before, contents(folder)) + (["hang"] if hung else [])
    if wrong:
        wrong.append(text.strip()[-200:])
    return wrong, time.perf_counter() - begin, usage.ru_maxrss / 1024, child.returncode


def main() -> int:
    """Make all attacks, print table and totals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="attacks whose command holds this")
    parser.add_argument("--seconds", type=float, default=60.0, help="until an attack counts as a hang")
    options = parser.parse_args()
    chosen = [attack for attack in attacks() if options.only in attack.command]
    codes: Counter[int] = Counter()
    bad, slowest, peak = 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as place:
        store = Path(place) / "store.sqlite"
        make_store(store)
        for number, attack in enumerate(chosen):
            folder = Path(place) / str(number) / "sandbox"
            sandbox(folder, store)
            wrong, seconds, memory, code = made(attack, folder, options.seconds)
            codes[code] += 1
            bad += bool(wrong)
            slowest, peak = max(slowest, seconds), max(peak, memory)
            shown = ascii(attack.command[:70])
            print(
                f"{number:4} {seconds:6.1f} s {memory:6.0f} MiB {code:4}  {shown}  {wrong or 'withstood'}",
                flush=True,
            )
    counts = ", ".join(f"{n} with {code}" for code, n in sorted(codes.items()))
    print(f"\n{len(chosen)} attacks, {len(chosen) - bad} withstood; ended {counts}")
    print(f"slowest {slowest:.1f} s, largest {peak:.0f} MiB")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
