"""``audit``: what it prints, its JSON, its exit code."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    network = nt.Network(("x", "t"), ("u",), width=8)
    nt.save(folder / "net.npz", network, network.init(1))
    points = nt.draw_points(nt.zoo("heat"), 4, 0)
    np.savez(folder / "points.npz", **points)
    kernel = nt.ntk("heat", network, network.init(1), points)
    kernel.to_npz(folder / "right.npz")
    np.savez(folder / "twice.npz", **{"f,f": 2 * kernel["f,f"]})
    np.savez(folder / "short.npz", matrix=np.eye(3))
    return folder


def test_a_right_kernel_exits_with_0(files, capsys):
    command = ["audit", "heat", str(files / "net.npz"), "--points", "4", "--kernel", str(files / "right.npz")]
    assert run(command) == 0
    out = capsys.readouterr().out
    assert "the kernels agree" in out
    assert "infinite-width law" in out


def test_a_wrong_one_with_1(files, capsys):
    command = ["audit", "heat", str(files / "net.npz"), "--at", str(files / "points.npz")]
    assert run([*command, "--kernel", str(files / "twice.npz"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (finding,) = found["comparison"]["explanations"][0]["findings"]
    assert (finding["code"], finding["where"], finding["words"]) == ("factor", "f,f", "the factor 2")
    assert found["largest_learning_rates"]["all"] > 0
    assert found["classification"]["ff"] == "deterministic"


@pytest.mark.parametrize(
    ("kernel", "word"), [("short.npz", "needs (12, 12)"), ("none.npz", "cannot be read")]
)
def test_bad_files_are_2(files, kernel, word, capsys):
    command = ["audit", "heat", str(files / "net.npz"), "--points", "4", "--kernel", str(files / kernel)]
    assert run(command) == 2
    assert word in capsys.readouterr().err
