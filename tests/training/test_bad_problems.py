"""Some of the bad problems of the benchmark: none ends solved and wrong, each says what it is."""

from __future__ import annotations

import bad_problems
import pytest

#: Problem → how it has to end: what it is does not depend on a seed.
ENDINGS = {
    "corner-in-time": "inconsistent",
    "homogeneous": "underdetermined",
    "one-condition": "underdetermined",
    "neumann-only": "underdetermined",
    "few-points": "overfitted",
    "homogeneous-heat": "underdetermined",
    "wrong-solution": "refused",
}


def test_there_are_thirty() -> None:
    assert len(bad_problems.PROBLEMS) >= 30


@pytest.mark.parametrize("name", ENDINGS)
def test_a_bad_problem_says_what_it_is(name: str) -> None:
    found = bad_problems.measure(name, 2.0)
    assert found["ending"] == ENDINGS[name]
    assert not found["wrong"]
    assert found["reason"]


@pytest.mark.parametrize("name", ["resonance", "neumann-unbalanced", "one-end-twice", "no-conditions"])
def test_what_has_no_solution_is_not_solved(name: str) -> None:
    """The best compromise needs no correction, and meets nothing."""
    found = bad_problems.measure(name, 4.0)
    assert found["ending"] == "stalled"
    assert "not met together" in found["reason"]


def test_a_kink_is_solved_only_as_far_as_it_is() -> None:
    """Smooth networks near a corner: the ending that is said depends on the steps, its truth does not."""
    found = bad_problems.measure("kink", 60.0, steps=60)
    assert found["ending"] in ("stalled", "overfitted", "solved")
    assert not found["wrong"]
    assert found["error"] / 10 < found["estimate"] < 10 * found["error"]
