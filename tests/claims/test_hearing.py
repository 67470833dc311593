"""The hearing: one study per kind for all claims on the same networks, resumable, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntk_theory import claims
from ntk_theory.cli import main
from ntk_theory.errors import InputError
from ntk_theory.studies.judging.verdict import Outcome

#: 2 widths × 4 networks: nothing is decided by them, which is not what is tested here.
TINY = {"widths": (8, 16), "seeds": 4, "points": 2, "s": ("1/2",), "activations": "tanh"}


def test_claims_of_one_kind_share_a_study(tmp_path: Path) -> None:
    sources = claims.sources_of("liu-2020,bonfanti-2024")
    only = [s.__class__(s.key, s.citation, s.address, s.claims, s.problems) for s in sources]
    heard = claims.hear(only, ["u_t + u*u_x"], folder=tmp_path, progress=False, workers=1, options=TINY)
    assert [path.name for path in heard.stores] == [
        "hessian-0.sqlite",
        "initialisation-1.sqlite",
        "training-2.sqlite",
    ]
    rows = {(row.source.key, row.claim.code): row for row in heard.rows}
    assert len(rows) == 4
    assert rows["liu-2020", "hessian-linear"].outcome is Outcome.NOT_APPLICABLE
    assert all(row.verdicts for row in heard.rows)
    times = [path.stat().st_mtime_ns for path in heard.stores]
    again = claims.hear(only, ["u_t + u*u_x"], folder=tmp_path, progress=False, workers=1, options=TINY)
    assert again.to_dict() == heard.to_dict()
    assert [path.stat().st_mtime_ns for path in again.stores] == times, "a second hearing computes nothing"
    assert len(str(heard)) < 2000


def test_the_list_of_sources(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["claims", "--json"])
    assert end.value.code == 0
    listed = json.loads(capsys.readouterr().out)["sources"]
    assert [source["key"] for source in listed] == list(claims.known())
    assert set(listed[0]["claims"][0]) == {
        "code", "statement", "reading", "hypotheses", "predicts", "refuted_by", "needs"
    }  # fmt: skip


def test_a_source_is_heard_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["claims", "xu-2024-gradient", "--on", "poisson", "--quick", "--json", "--store", str(tmp_path)])
    assert end.value.code == 0
    heard = json.loads(capsys.readouterr().out)
    assert heard["decided"] == {"xu-2024-gradient": True}
    (row,) = heard["heard"]
    assert (row["claim"], row["problem"], row["outcome"]) == ("xu-definite", "poisson", "supported")
    with pytest.raises(SystemExit) as end:
        main(["verify", "poisson", "--claims", "xu-2024-gradient", "--quick"])
    assert end.value.code == 0
    assert "xu-definite" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["claims", "--on", "heat"], "--on needs sources"),
        (["claims", "--beyond"], "--beyond needs sources"),
        (["claims", "--all", "liu-2020"], "--all and named sources cannot be combined"),
        (["claims", "nobody"], "claims has the source 'nobody'"),
        (["verify", "heat", "--claims", "liu-2020", "--training"], "cannot be combined with --training"),
    ],
)
def test_what_does_not_fit_is_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_a_nonlinear_problem_is_no_error(tmp_path: Path) -> None:
    heard = claims.hear(claims.sources_of("deryck-2023,saadat-2022"), ["kdv"], folder=tmp_path)
    assert {row.outcome for row in heard.rows} == {Outcome.NOT_APPLICABLE}
    assert {row.because for row in heard.rows} == {"the problem is not linear"}
    assert all(row.beyond is None for row in heard.rows)
    assert heard.stores == ()
    with pytest.raises(InputError):
        claims.hear(claims.sources_of("gan-2025"), ["no such problem"])
