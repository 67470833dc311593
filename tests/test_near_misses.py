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
    with pytest.raises(InputError, match=rf"there is no problem file {re.escape(repr(name))}; a problem is"):
        nt.problem(name)


def test_the_name_of_a_problem_file_with_a_slip(tmp_path: Path) -> None:
    (tmp_path / "sink.toml").write_text('equations = ["u_t - u_xx = 0"]\n')
    with pytest.raises(InputError, match=rf"did you mean {re.escape(str(tmp_path / 'sink.toml'))}\?"):
        nt.problem(str(tmp_path / "sink.tml"))


def test_a_file_of_another_kind_and_a_folder_are_answered_like_none(tmp_path: Path) -> None:
    """Nobody learns from the answer which files there are."""
    (tmp_path / "other.txt").touch()
    (tmp_path / "folder").mkdir()
    for name in ("other.txt", "folder", "none"):
        with pytest.raises(InputError, match=r"there is no problem file '.*'; a problem is .*\(\.toml\)"):
            nt.problem(str(tmp_path / name))


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


@pytest.mark.parametrize(
    ("given", "own"),
    [("--epochs", "--steps"), ("--lr", "--rate"), ("--optimizer", "--method"), ("--layers", "--depth")],
)
def test_an_option_as_it_is_called_elsewhere(
    given: str, own: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["train", "heat", given, "3"]) == 2
    told = capsys.readouterr().err
    assert f"No such option: {given}; here it is {own}" in told
    assert "(ntk-theory train --help lists what there is)" in told


def test_an_option_that_the_command_lacks_under_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["classify", "heat", "--lr", "3"]) == 2
    told = capsys.readouterr().err
    assert "No such option: --lr" in told
    assert "here it is" not in told
    assert "(ntk-theory classify --help" in told
    assert cli(["--bogus"]) == 2
    assert "(ntk-theory --help" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "needs"),
    [
        ("--time-limit", "20s", "a number of seconds alone"),
        ("--steps", "many", "a whole number alone"),
        ("--resample", "5x", "a whole number of steps alone"),
        ("--rate", "1/10", "a number alone"),
    ],
)
def test_a_number_with_its_unit(
    option: str, value: str, needs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["train", "heat", option, value]) == 2
    assert f"{option} is {value!r}; it needs {needs}, such as 20" in capsys.readouterr().err


def test_exponents_with_commas(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["classify", "heat", "--s", "3/4,1", "--json"]) == 0
    together = capsys.readouterr().out
    assert cli(["classify", "heat", "--s", "3/4", "--s", "1", "--json"]) == 0
    assert capsys.readouterr().out == together
    assert '"3/4": {' in together
    assert cli(["classify", "heat", "--s", "3/4,"]) == 2
    assert "--s is '3/4,'; it needs exponents" in capsys.readouterr().err


class Module:
    """Something of another library."""


def test_a_module_in_the_place_of_a_network() -> None:
    heat = nt.zoo("heat")
    with pytest.raises(InputError, match=r"^network is a Module; it needs a Network: .*nt\.from_torch"):
        nt.train(heat, Module())  # type: ignore[arg-type]
    network = nt.Network(heat.variables, heat.fields, width=4)
    with pytest.raises(InputError, match=r"^parameters is a Module; it needs Parameters"):
        nt.train(heat, network, Module())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^run is a Module; it needs the Trajectory that nt\.train"):
        nt.training.laziness(heat, Module())  # type: ignore[arg-type]


@pytest.mark.parametrize("points", [[[0.5, 0.5], [0.1, 0.2]], "12", 2.5, True])
def test_the_points_of_one_group_in_the_place_of_all(points: object) -> None:
    heat = nt.zoo("heat")
    network = nt.Network(heat.variables, heat.fields, width=4)
    with pytest.raises(InputError, match=r"^points is a .*mapping from group name to array, with the groups"):
        nt.audit((network, network.init(0)), heat, points)  # type: ignore[arg-type]


def test_a_limit_of_time_is_told_to_be_that_of_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["train", "poisson", "--steps", "2", "--time-limit", "500", "--no-drift"]) in (0, 4)
    told = "ends after 2 steps or after 500 s at the latest; that is the time of its steps: compiling and the"
    assert told in " ".join(capsys.readouterr().out.split())


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
