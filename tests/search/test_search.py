"""The search agrees with the theory on random operators, and finds and shrinks a planted wrong rule."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntk_theory.search.bench import Bench, default_predict, search, shrink
from ntk_theory.search.candidates import random_candidate, smaller
from ntk_theory.symbolic.places import End
from ntk_theory.theory import Limit, pairs

pytestmark = pytest.mark.properties


@pytest.mark.parametrize("output_bias", ["zero", "normal", "none"])
def test_prediction_and_law_agree_on_random_operators(output_bias):
    result = search(budget=40, seed=20, output_bias=output_bias, networks=False)
    assert result.compared > 300
    assert result.disagreements == ()
    # Most predictions must be decided.
    assert result.undecided <= 0.2 * result.compared


def test_a_planted_wrong_rule_is_found_and_shrunk(monkeypatch):
    """The wrong rule: the largest degree of the gradient at zero, where the smallest dominates."""
    right = pairs.largest_lines

    def wrong(lines, end):
        return right(lines, End.INFINITY)

    monkeypatch.setattr(pairs, "largest_lines", wrong)
    result = search(budget=12, seed=1, networks=False)
    assert result.disagreements
    assert all(d.terms <= 2 for d in result.disagreements), str(result)


def test_a_planted_wrong_limit_is_found_and_put_to_networks():
    """The wrong rule: at s = 1/2 every kernel is deterministic. The smallest refutation has one term."""

    def predict(text, output_bias):
        classification = default_predict(text, output_bias)
        return _with_deterministic_middle(classification)

    result = search(budget=4, seed=5, predict=predict)
    assert result.disagreements
    for d in result.disagreements:
        assert d.terms == 1, str(d)
        assert d.networks == "random"


def _with_deterministic_middle(classification):
    sharp = {
        name: replace(block, at=replace(block.at, limit=Limit.DETERMINISTIC))
        for name, block in classification.sharp.items()
    }
    return replace(classification, sharp=sharp)


@settings(max_examples=50)
@given(st.integers(0, 10**6))
def test_candidates_only_shrink(seed):
    what = random_candidate(random.Random(seed))
    for simpler in smaller(what):
        assert simpler.size <= what.size
        assert simpler != what


def test_shrinking_keeps_the_property_and_ends():
    what = random_candidate(random.Random(3), max_terms=4)
    smallest = shrink(what, lambda c: "u" in str(c))
    assert smallest.size == 1


def test_observations_do_not_depend_on_the_order_of_questions():
    what = random_candidate(random.Random(7), systems=False)
    assert Bench(2).observe(what, "zero") == Bench(2).observe(what, "zero")
