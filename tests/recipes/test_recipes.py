"""Recipes at small sizes: charts, findings, pictures, the command. The notebook has them at full size."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.recipes import bonfanti, wang


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few widths and seeds."""
    monkeypatch.setattr(wang, "WIDTHS", (64, 1024))
    monkeypatch.setattr(wang, "SEEDS", 6)
    monkeypatch.setattr(wang, "TRAINED", (10, 400))
    monkeypatch.setattr(bonfanti, "WIDTHS", (32, 2048))
    monkeypatch.setattr(bonfanti, "SEEDS", 20)
    monkeypatch.setattr(bonfanti, "TRAINED", (64, 512))
    monkeypatch.setattr(bonfanti, "TRAINED_SEEDS", 1)


def test_the_kernel_of_poisson_comes_nearer_decays_and_stays(capsys):
    assert run(["reproduce", "wang", "--json"]) == 0
    near, spectrum, along = json.loads(capsys.readouterr().out)["charts"]
    assert all(curve["y"][1] < curve["y"][0] for curve in near["curves"])
    assert all(curve["y"][9] < 1e-2 * curve["y"][0] for curve in spectrum["curves"])
    narrow, wide = (curve["y"][-1] for curve in along["curves"])
    assert wide < narrow / 2


def test_the_kernel_of_burgers_stays_random_and_moves():
    """Seeded; the spread of the linear one falls to about an eighth, by its theory."""
    found = nt.reproduce("bonfanti")
    linear, nonlinear = (curve.y for curve in found.charts[0].curves)
    assert linear[1] < linear[0] / 4
    assert nonlinear[1] > nonlinear[0] / 4
    stays, moves = (curve.y[-1] for curve in found.charts[2].curves)
    assert moves > 5 * stays
    assert len(repr(found)) < 2000
    figure, (left, right) = plt.subplots(1, 2)
    assert nt.plot(found, ax=right, blocks="kernel after training") is figure
    assert right.has_data()
    assert not left.has_data()
    plt.close(figure)
    assert len(nt.plot(found).axes) == 3
    assert all(np.isfinite(curve.y).all() for chart in found.charts for curve in chart.curves)


def test_an_unknown_name_is_2(capsys):
    assert run(["reproduce", "newton"]) == 2
    assert "needs one of wang, bonfanti" in capsys.readouterr().err
