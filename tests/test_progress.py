"""One bar, on a terminal only."""

from __future__ import annotations

import io
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from ntk_theory import progress
from ntk_theory.progress import Bar, Meter, drawn, duration, hook_or_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_time_left_goes_by_what_is_done_and_is_shown_on_a_terminal_only() -> None:
    silent = io.StringIO()
    Bar(2.0, stream=silent).advance(2.0, "4/4 cells")
    assert silent.getvalue() == ""
    shown = Terminal()
    bar = Bar(2.0, stream=shown)
    assert bar.line(0.0, "0/4 cells").endswith("0/4 cells")
    bar.advance(0.5, "1/4 cells")
    assert bar.line(10.0, "1/4 cells").endswith("1/4 cells, 30 s left")
    bar.advance(1.5, "4/4 cells")
    assert "4/4 cells, 0 s left" in shown.getvalue()
    hidden = Terminal()
    Bar(1.0, show=False, stream=hidden).advance(1.0)
    assert hidden.getvalue() == ""


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (0.0, f"[{30 * ' '}]   0 %"),
        (1.0, f"[{15 * '='}{15 * ' '}]  50 %, 8 s left"),
        (2.0, f"[{30 * '='}] 100 %, 0 s left"),
        (3.0, f"[{30 * '='}] 100 %, 0 s left"),  # more than was expected
    ],
)
def test_lines(done: float, line: str) -> None:
    bar = Bar(2.0, stream=Terminal())
    bar.update(done)
    assert bar.line(8.0) == line


def test_without_a_total_there_are_words_only() -> None:
    assert Bar(0.0).line(3.0, "step 7") == "step 7"


def test_drawings_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = Terminal()
    bar = Bar(100.0, stream=shown)
    for step in range(1, 100):
        now[0] = 0.01 * step
        bar.update(step)
    assert shown.getvalue().count("\r") == 4


def test_the_line_is_cleared_also_after_an_error() -> None:
    shown = Terminal()

    def fail(bar: Bar) -> None:
        bar.update(1.0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), drawn(Bar(1.0, stream=shown)) as bar:
        fail(bar)
    assert "100 %" in shown.getvalue()
    assert shown.getvalue().endswith("\r\x1b[K")


def test_a_hook_of_the_caller_wins_and_short_runs_have_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", shown)
    seen: list[float] = []
    with hook_or_bar(seen.append, 1e9) as hook:
        assert hook is not None
        hook(1.0)
    with hook_or_bar(None, progress.PATIENCE / 2) as hook:
        assert hook is None
    assert (seen, shown.getvalue()) == ([1.0], "")
    with hook_or_bar(None, 2 * progress.PATIENCE) as hook:
        assert hook is not None
        hook(1.0)
    assert "100 %" in shown.getvalue()


def test_a_meter_counts_from_several_threads() -> None:
    seen: list[float] = []
    meter = Meter(seen.append, 200)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(meter.tick, [1] * 200))
    assert seen == sorted(seen)
    assert math.isclose(seen[-1], 1.0)
    Meter(None, 1).tick(1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min"), (86400, "24 h 00 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
