"""The JAX oracle is the benchmarks' own code: one implementation, checked and timed alike."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
