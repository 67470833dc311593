"""Names that are nearly right: refused with what would be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run as cli
from ntk_theory.errors import InputError


@pytest.mark.parametrize(
    ("typed", "meant"), [("classfy", "classify"), ("trian", "train"), ("verfiy", "verify")]
)
def test_a_command(typed: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli([typed, "heat"]) == 2
    assert f"No such command {typed!r}; did you mean {meant!r}?" in capsys.readouterr().err


def test_a_command_far_from_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["xyzzy"]) == 2
    told = capsys.readouterr().err
    assert "No such command 'xyzzy'" in told
    assert "did you mean" not in told


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("du/dt = -u", "u_t"),
        ("v_x + dv / dt", "v_t"),
        ("u_t + uu_x", "u*u_x"),
        ("u_t - uxx", "u_xx"),
        ("u_t - U_xx", "u_xx"),
        ("heat equation", "heat"),
        ("Burgers equation", "burgers"),
        ("Navier-Stokes", "navier-stokes-2d"),
        ("kdv-equation", "kdv"),
    ],
)
def test_what_is_written_on_paper(typed: str, meant: str) -> None:
    with pytest.raises(InputError, match=rf"did you mean {re.escape(meant)}\?"):
        nt.classify(typed)


def test_latex_is_told_apart_from_brackets() -> None:
    with pytest.raises(InputError, match="plain text such as u_xx, not LaTeX"):
        nt.classify("u_{t} = u_{xx}")
    with pytest.raises(InputError, match=r"expected \(, if that"):
        nt.classify("u_t + {u}")


def test_a_file_of_claims_without_its_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").touch()
    assert cli(["verify", "heat", "--claims", "mine"]) == 2
    assert "did you mean the file mine.py?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["sink.tml", "sink.npz", "runs/sink.pt", "model.json", "./sink", "../sink", "C:\\\\sink", "~/sink"],
)
def test_the_name_of_a_file_that_is_not_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"there is no file {re.escape(repr(name))}; a problem is"):
        nt.problem(name)


def test_the_name_of_a_problem_file_with_a_slip(tmp_path: Path) -> None:
    (tmp_path / "sink.toml").write_text('equations = ["u_t - u_xx = 0"]\n')
    with pytest.raises(InputError, match=rf"did you mean {re.escape(str(tmp_path / 'sink.toml'))}\?"):
        nt.problem(str(tmp_path / "sink.tml"))
    (tmp_path / "sink.txt").touch()
    with pytest.raises(InputError, match=r"is a file, but a problem file ends in \.toml; rename"):
        nt.problem(str(tmp_path / "sink.txt"))
    with pytest.raises(InputError, match="is a folder, where a problem is needed"):
        nt.problem(str(tmp_path))


def test_a_network_in_the_place_of_the_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network, problem = tmp_path / "sink.npz", tmp_path / "sink.toml"
    network.touch()
    problem.write_text('equations = ["u_t - u_xx = 0"]\n')
    for swapped in (network, str(network)):
        with pytest.raises(InputError, match=r"is a file of a network .*the problem comes first"):
            nt.problem(swapped)
    assert cli(["diagnose", str(network), str(problem)]) == 2
    assert "the problem comes first" in capsys.readouterr().err


@pytest.mark.parametrize("formula", ["u_t - u/", "u_t + x..t", "u_t - sin(u", "u.u_x", "a/b/c + u@"])
def test_a_formula_with_a_fault_is_no_file(formula: str) -> None:
    with pytest.raises(InputError) as caught:
        nt.problem(formula)
    assert "file" not in str(caught.value).replace("problem file", "")


def test_a_slot() -> None:
    space = nt.zoo("heat").space
    assert space.slot("u", x=2).index == (2, 0)
    with pytest.raises(InputError, match=r"field is 'u_x'; it needs one of u, .*slot\('u', x=1\)"):
        space.slot("u_x")
    with pytest.raises(InputError, match="variable is 'y'; it needs one of x, t"):
        space.slot("u", y=1)


def test_one_width_shows_no_limit(tmp_path: Path) -> None:
    size = {"s": ["1/2"], "widths": [32], "seeds": 12, "points": 3, "workers": 1}
    result = nt.verify("heat", **size, store=tmp_path / "v.sqlite", progress=False)  # type: ignore[arg-type]
    found = result.select("paper-bb")
    assert [verdict.outcome for verdict in found] == ["undecided"]
    assert "one width" in found[0].reason
