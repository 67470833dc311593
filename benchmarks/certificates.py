"""Certificates of the default settings, written, and proved again by the checker as a program of its own.

λ_min(K∞) > 0 for five linear problems, ten points per group; T∞ = 0 by symmetry; an entry that is not 0;
the classification of Korteweg-de Vries; the drift of sine-Gordon. Prints the statements with the seconds of
maker and checker; writes results/certificates/NAME.json; the exit status is 1 if one is rejected.

    python benchmarks/certificates.py
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import ntk_theory as nt

FOLDER = Path(__file__).parent / "results" / "certificates"
CHECKER = Path(nt.__file__).parent / "proof" / "checker.py"
ASKED = {
    "poisson": ("poisson", {"points": 10}),
    "heat": ("heat", {"points": 10}),
    "wave": ("wave", {"points": 10}),
    "poisson-2d": ("poisson-2d", {"points": 10}),
    "telegraph": ("telegraph", {"points": 10}),
    "wave-symmetry": ("wave", {"what": "vanishing", "groups": "initial,velocity"}),
    "heat-entry": ("heat", {"what": "nonzero", "groups": "ends,f"}),
    "kdv-classification": ("kdv", {"what": "classification"}),
    "sine-gordon-drift": ("sine-gordon", {"what": "drift"}),
}


def main() -> int:
    """Make, write and check all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    rejected = 0
    for name, (problem, options) in ASKED.items():
        begin = time.process_time()
        made = nt.certify(problem, **options)
        path = FOLDER / f"{name}.json"
        path.write_text(made.to_json(), encoding="utf-8")
        middle = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-I", str(CHECKER), str(path)], check=False, capture_output=True
        )
        spent = time.perf_counter() - middle
        rejected += done.returncode != 0
        print(f"{name}: {'accepted' if done.returncode == 0 else 'REJECTED'} after {spent:.1f} s", end="")
        print(f" (made in {time.process_time() - begin:.1f} s): {made.statement}")
    return int(rejected > 0)


if __name__ == "__main__":
    sys.exit(main())
