"""Sizes that no machine holds are answered by a sentence, before anything is allocated."""

from __future__ import annotations

import tracemalloc

import pytest

import ntk_theory as nt
from ntk_theory.cli import app
from ntk_theory.errors import InputError, NTKTheoryError, ResourceError
from ntk_theory.resources import require_memory
from ntk_theory.studies.question.study import Study

HUGE = 10**12
#: Bytes that an answer may take; the least of the sizes below would need a thousand times as many.
SMALL = 5e7

ASKED = {
    "seeds": (lambda: Study.from_problems("heat", seeds=HUGE), InputError, "seeds is 1000000000000"),
    "width": (lambda: Study.from_problems("heat", widths=[64, 10**8]), InputError, "limit_law"),
    "points": (lambda: Study.from_problems("heat", points=10**9), ResourceError, "ask for fewer"),
    "matrix": (lambda: Study.from_problems("heat", points=10**6), ResourceError, "ask for fewer"),
    "drawn": (lambda: nt.draw_points("heat", 10**10), ResourceError, "ask for fewer"),
    "drawn uniformly": (
        lambda: nt.draw_points("heat", {"f": 10**11}, groups="f", method="uniform"),
        ResourceError,
        "group 'f'",
    ),
    "depth": (lambda: nt.Network(("x",), ("u",), width=4, depth=10**9), InputError, "at most 10000"),
    "parameters": (
        lambda: nt.Network(("x",), ("u",), width=10**7, depth=3).init(0),
        ResourceError,
        "smaller width",
    ),
    "predict": (lambda: nt.recommend("heat", points=10**10), NTKTheoryError, "points"),
}


@pytest.mark.parametrize("name", ASKED)
def test_absurd_sizes_are_refused_without_memory(name: str) -> None:
    call, kind, words = ASKED[name]
    nt.problem("heat")  # what every call reads first
    tracemalloc.start()
    try:
        with pytest.raises(kind, match=words):
            call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < SMALL


def test_what_fits_is_not_refused() -> None:
    require_memory(1.0, "one byte", "none is needed")
    assert nt.Network(("x",), ("u",), width=(2,) * 100).parameter_count
    assert Study.from_problems("heat", seeds=1000).seeds == 1000


def test_memory_that_ends_all_the_same_is_a_sentence(monkeypatch, capsys) -> None:
    def exhausted(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(app, "app", exhausted)
    assert app.run(["zoo"]) == app.INCOMPLETE
    assert "the memory did not suffice" in capsys.readouterr().err
