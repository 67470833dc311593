"""Measured data: read from files and arrays, refused by file, row and column, weighted by 1/σ²."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError, NTKTheoryError, ProblemError
from ntk_theory.model.assembly import stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.studies.question.case import make_cases
from ntk_theory.symbolic import columns, data, from_toml, to_toml
from ntk_theory.training import train
from ntk_theory.training.objective import Objective

HEAT = """
fields = ["u"]
variables = ["x", "t"]
equations = ["u_t = u_xx"]
[domain]
x = [0, 1]
t = [0, "1/2"]
[[conditions]]
name = "start"
equation = "u = sin(pi*x)"
on = [{ t = 0 }]
"""
X, T, U, SIGMA = [0.25, 0.5, 1.0], [0.0, 0.25, 0.5], [1.0, 0.5, -0.125], [0.5, 1.0, 2.0]
CSV = "t, x, other, u, sigma\n0,0.25,a,1,0.5\n\n0.25,0.5,b,5e-1,1\n0.5,1,c,-0.125,2\n"


def problem(folder: Path, text: str, *lines: str, name: str = "probes.csv") -> nt.Problem:
    """The heat equation with a data file beside its own."""
    (folder / name).write_text(text, encoding="utf-8")
    path = folder / "heat.toml"
    path.write_text(HEAT + "\n".join(["[[data]]", f'file = "{name}"', *lines]), encoding="utf-8")
    return nt.problem(path)


def test_csv_npz_and_arrays_are_the_same_data(tmp_path: Path) -> None:
    from_csv = problem(tmp_path, CSV, 'observe = "u"', 'sigma = "sigma"')
    for dtype in ("<f8", ">f8", "<f4"):  # binary fractions: exact in each
        arrays = {"x": X, "t": T, "u": U, "sigma": SIGMA}
        np.savez(tmp_path / "probes.npz", **{k: np.array(v, dtype=dtype) for k, v in arrays.items()})
        np.savez_compressed(
            tmp_path / "small.npz", **{k: np.array(v, dtype=dtype) for k, v in arrays.items()}
        )
        for name in ("probes.npz", "small.npz"):
            table = {"file": tmp_path / name, "observe": "u", "sigma": "sigma"}
            assert _columns(nt.problem(from_toml(HEAT), data=table)) == _columns(from_csv)
    arrays = {"x": np.array(X), "t": np.array(T), "u": U, "sigma": tuple(SIGMA)}
    again = nt.problem(from_toml(HEAT), data=[{"values": arrays, "sigma": "sigma"}])
    assert _columns(again) == _columns(from_csv)
    assert _columns(from_csv) == (tuple(zip(X, T, strict=True)), tuple(U), tuple(SIGMA))
    assert _columns(from_toml(to_toml(from_csv))) == _columns(from_csv)


def test_points_and_targets_of_the_group_are_those_of_the_data(tmp_path: Path) -> None:
    found = problem(tmp_path, CSV, 'observe = "u"', 'sigma = "sigma"')
    points = nt.draw_points(found, 5)
    np.testing.assert_array_equal(points["data"], np.column_stack([X, T]))
    rows = stack_rows(lower_problem(found).only("data"), points)
    np.testing.assert_array_equal(rows.targets, U)
    weights = np.array(SIGMA) ** -2.0
    np.testing.assert_allclose(rows.precision, weights / weights.mean(), rtol=1e-15)
    few = {**points, "data": points["data"][:2]}
    np.testing.assert_array_equal(stack_rows(lower_problem(found).only("data"), few).targets, U[:2])
    with pytest.raises(InputError, match="not those of the data file"):
        _ = stack_rows(lower_problem(found), {**points, "data": points["data"][::-1]}).targets


def test_loss_counts_residuals_by_one_over_sigma_squared(tmp_path: Path) -> None:
    found = problem(tmp_path, CSV, 'observe = "u"', 'sigma = "sigma"')
    network = nt.Network(("x", "t"), ("u",), width=6)
    points, parameters = nt.draw_points(found, 4), network.init(seed=1)
    objective = Objective.of(found, network, parameters, points)
    u = nt.jets(network, parameters, points["data"], [found.space.value("u")])[0]
    w = np.array(SIGMA) ** -2.0
    expected = 0.5 * float(np.sum(w / w.mean() * (u - U) ** 2))
    losses = objective.group_losses(objective.values(parameters.flatten()))
    assert losses["data"] == pytest.approx(expected, rel=1e-12)


def test_an_operator_is_observed_and_a_kernel_and_rules_know_the_group(tmp_path: Path) -> None:
    text = "x,t,u_x - u,u\n0.5,0.1,1,0\n0.5,0.1,2,0\n"  # measured twice at one point
    found = problem(tmp_path, text, 'name = "flux"', 'observe = "u_x - u"')
    group = next(g for g in found.groups if g.name == "flux")
    assert str(group.kind) == "condition"
    network = nt.Network(("x", "t"), ("u",), width=16)
    kernel = nt.ntk(found, network, network.init(seed=0), nt.draw_points(found, 3))
    assert kernel["flux,flux"].shape == (2, 2)
    np.testing.assert_allclose(kernel["flux,flux"], kernel["flux,flux"][0, 0], rtol=1e-12)
    bare = nt.classify(nt.problem(found, ansatz="u = v"))
    assert "flux" in {g["name"] for g in bare.to_dict()["groups"]}


def test_training_and_studies_take_data(tmp_path: Path) -> None:
    found = problem(tmp_path, CSV, 'observe = "u"', "sigma = 0.1")
    run = train(found, nt.Network(("x", "t"), ("u",), width=6), points=6, until=2)
    assert run.points["data"].shape == (3, 2)
    assert run.loss < run.losses[0]
    (case,) = make_cases(found, points=4)
    again = type(case).from_dict(case.to_dict())
    assert _columns(again.problem) == _columns(found)


@pytest.mark.parametrize(
    ("text", "lines", "words"),
    [
        ("x,t,v\n0,0,1\n", [], ["probes.csv", "'u'", "it has: x, t, v"]),
        ("x,u\n0,1\n", [], ["probes.csv", "'t'"]),
        ("x,t,u\n0,0,1\n0,0,one\n", [], ["probes.csv", "row 2", "'u'", "'one'"]),
        ("x,t,u\n0,0,1\n0,0\n", [], ["probes.csv", "row 2", "'u'"]),
        ("x,t,u\n0,nan,1\n", [], ["probes.csv", "row 1", "'t'", "nan"]),
        ("x,t,u\n0,0,1e999\n", [], ["probes.csv", "row 1", "'u'"]),
        ("x,t,u\n0,0,1\n2,0,1\n", [], ["probes.csv", "row 2", "'x'", "outside of domain.x = [0, 1]"]),
        ("x,t,u\n0,0.75,1\n", [], ["probes.csv", "row 1", "'t'", "domain.t = [0, 0.5]"]),
        ("x,t,u\n", [], ["probes.csv", "no rows"]),
        ("", [], ["probes.csv", "no column 'x'"]),
        ("x,x,t,u\n0,0,0,1\n", [], ["probes.csv", "'x' twice"]),
        ("x,t,u,s\n0,0,1,0\n", ['sigma = "s"'], ["probes.csv", "row 1", "sigma is 0"]),
        ("x,t,u\n0,0,1\n", ["sigma = -1"], ["sigma is -1"]),
        ("x,t,u\n0,0,1\n", ['sigma = "s"'], ["no column 's'"]),
        ("x,t,u\n0,0,1\n", ['observe = "u = 1"'], ["observe is 'u = 1'"]),
        ("x,t,u\n0,0,1\n", ['observe = "x"'], ["field"]),
        (
            "x,t,u\n0,0,1\n",
            ['observe = "U"'],
            ["observe is 'U'", "expected a field (u) or", "did you mean u?"],
        ),
        ("x,t,u\n0,0,1\n", ["colour = 1"], ["unknown key 'colour'"]),
        ("x,t,u\n0,0,1\n", ['name = "f"'], ["'f'"]),
        ("x,t,u\n0,0,1\n", ['name = "start"'], ["'start' is used twice"]),
    ],
)
def test_bad_data_are_refused_by_name(tmp_path: Path, text: str, lines: list[str], words: list[str]) -> None:
    given = lines if any("observe" in line for line in lines) else ['observe = "u"', *lines]
    with pytest.raises(NTKTheoryError) as caught:
        problem(tmp_path, text, *given)
    for word in words:
        assert word in str(caught.value)


def test_too_large_files_and_other_kinds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MOST_ROWS", 2)
    monkeypatch.setattr(columns, "MOST_ROWS", 2)
    with pytest.raises(ProblemError, match="3 rows; it may have 2"):
        problem(tmp_path, CSV, 'observe = "u"')
    monkeypatch.setattr(columns, "MAX_BYTES", 20)
    with pytest.raises(InputError, match="bytes; it may have 20"):
        problem(tmp_path, CSV, 'observe = "u"')
    with pytest.raises(InputError, match=r"needs \.csv or \.npz"):
        problem(tmp_path, CSV, name="probes.txt")
    with pytest.raises(InputError, match="cannot be read"):
        nt.problem(from_toml(HEAT), data={"file": str(tmp_path / "none.csv")})
    (tmp_path / "f.csv").mkdir()
    with pytest.raises(InputError, match=r"f\.csv cannot be read: Is a directory"):
        nt.problem(from_toml(HEAT), data={"file": str(tmp_path / "f.csv")})


def _entry(header: str, body: bytes) -> bytes:
    padded = (header + "\n").encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + body


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"no archive", "no NPZ archive"),
        (_entry("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04."), "header"),
        (_entry("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", b"\0" * 8), "header"),
        (_entry("{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }", b"\0" * 8), "cut short"),
        (_entry("{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }", b""), "no rows"),
        (_entry("__import__('os')", b""), "header"),
        (b"\x93NUMPY", "no array"),
    ],
)
def test_damaged_archives_are_refused(tmp_path: Path, raw: bytes, words: str) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name in ("x", "t", "u"):
            archive.writestr(f"{name}.npy", raw)
    path = tmp_path / "probes.npz"
    path.write_bytes(raw if raw == b"no archive" else whole.getvalue())
    with pytest.raises(ProblemError, match=words):
        nt.problem(from_toml(HEAT), data={"file": str(path), "observe": "u"})


def _columns(found: nt.Problem) -> tuple[object, object, object]:
    group = next(g for g in found.groups if g.data is not None)
    assert group.data is not None
    return group.data.points, group.data.targets, group.data.sigma
