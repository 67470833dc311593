"""Hypothesis profiles, the seconds of every kind of test, and no silent skips in continuous integration."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

import hypothesis
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Processes share the cores; BLAS and the kernels read this when NumPy and the package are imported.
    # Tests of threads ask for their number.
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(_name, "1")
#: The networks of tests are tiny and JAX spends its time compiling them: it shall do that quickly.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    " --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
)

IN_CI = bool(os.environ.get("CI"))

#: Seconds that a kind of test may take on two cores; tests without a marker are units.
BUDGETS = {"units": 300, "properties": 300, "oracle": 300, "statistics": 240, "notebooks": 180, "page": 180}

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile("ci" if IN_CI else "local")

_seconds: Counter[str] = Counter()
_counts: Counter[str] = Counter()
_skipped: list[str] = []


def pytest_itemcollected(item: pytest.Item) -> None:
    """Write its kind on a test, the first marker that has a budget: reports carry it between processes."""
    item.user_properties.append(("kind", next((k for k in BUDGETS if item.get_closest_marker(k)), "units")))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add the seconds of one phase (setup, call or teardown) of one test."""
    kind = dict(report.user_properties).get("kind", "units")
    _seconds[kind] += report.duration
    _counts[kind] += report.when == "call"
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration a skipped test is a failure: an oracle that is missing proves nothing."""
    if IN_CI and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seconds per kind, with the budget, and what was skipped."""
    terminalreporter.section("seconds by kind of test")
    for line in _table():
        terminalreporter.write_line(line)
    if IN_CI and _skipped:
        terminalreporter.write_line(f"skipped, which fails here: {', '.join(_skipped)}", red=True)


def _table() -> Iterable[str]:
    for kind, budget in BUDGETS.items():
        over = "  OVER BUDGET" if _seconds[kind] > budget else ""
        yield f"{kind:11}{_counts[kind]:6} tests {_seconds[kind]:7.1f} s of {budget} s{over}"
