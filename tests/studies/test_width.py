"""Studies of width: parts that multiply to the error, calibrated tendencies, every start, any worker."""

from __future__ import annotations

import json
import math
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli import main
from ntk_theory.errors import InputError
from ntk_theory.studies.engine.cell import init_seed
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.judging.trends import trend
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.studies.kinds import WIDTH
from ntk_theory.studies.question.study import Study
from ntk_theory.studies.width.cells import WidthContext
from ntk_theory.studies.width.criterion import WidthCriterion
from ntk_theory.studies.width.evidence import Tendency, tendency, width_evidence
from ntk_theory.studies.width.settings import LONGER, OVERSAMPLED, WidthSettings
from ntk_theory.training.train import train

WIDTHS = (8, 16, 64, 256)
SHORT = {"methods": {"gauss-newton": 6, "adam": 20}, "reference": 8, "oversampling": 2}


def study(problem: str = "poisson", settings: dict | None = None, **more) -> Study:
    size = {"points": 8, "widths": (4, 8), "seeds": 4, "s": ("1/2",)}
    found = WidthSettings.from_dict(settings or SHORT)
    criterion = WidthCriterion().to_dict()
    return Study.from_problems(problem, **(size | more), settings=found, criterion=criterion)


def drawn(slope: float, seed: int, networks: int = 16) -> np.ndarray:
    """Logarithms of errors like N^slope with the scatter that trained networks show (0.7)."""
    rng = np.random.default_rng(seed)
    return slope * np.log(WIDTHS)[:, None] + 0.7 * rng.standard_normal((len(WIDTHS), networks))


@pytest.mark.parametrize(("slope", "wrong"), [(0.0, Tendency.FALLS), (-0.25, Tendency.STAYS)])
def test_no_tendency_is_seen_that_is_not_there(slope: float, wrong: Tendency) -> None:
    """At the worst slope of either kind, at level 0.05: 200 studies, of which 5 % may err. Seeded; more than
    24 (twelve in a hundred) would be seen in fewer than one in 10⁴ of such tests at 5 %.
    """
    c = WidthCriterion()
    seen = [tendency(trend(np.log(WIDTHS), drawn(slope, k), "median", c.level, c.seed), np.ones(4), c)
            for k in range(200)]  # fmt: skip
    assert seen.count(wrong) <= 24


@pytest.mark.parametrize(("slope", "right"), [(-0.6, Tendency.FALLS), (0.3, Tendency.STAYS)])
def test_a_clear_tendency_is_seen(slope: float, right: Tendency) -> None:
    c = WidthCriterion()
    seen = [tendency(trend(np.log(WIDTHS), drawn(slope, k), "median", c.level, c.seed), np.ones(4), c)
            for k in range(40)]  # fmt: skip
    assert seen.count(right) >= 36


def test_an_exponent_that_changes_or_reaches_rounding_is_not_judged() -> None:
    c, logs = WidthCriterion(), drawn(0.0, 1) * 0.05
    levels = np.array([0.0, -3.0, -3.0, -2.9])[:, None]
    found = trend(np.log(WIDTHS), logs + levels, "median", c.level, c.seed)
    assert tendency(found, np.ones(4), c) is Tendency.CHANGES
    assert tendency(found, np.array([1e-5, 1e-7, 1e-9, 9e-10]), c) is Tendency.ROUNDING


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, StudyData, Path]:
    asked, path = study(), tmp_path_factory.mktemp("width") / "s.sqlite"
    run(asked, path, workers=1, progress=False)
    with Store.open(path) as store:
        return asked, store.data(), path


def test_the_parts_of_every_network_multiply_to_its_error(data: tuple[Study, StudyData, Path]) -> None:
    """And their exponents are those of medians of exactly these quotients."""
    asked, found, _ = data
    e = width_evidence(asked, found, "poisson", "tanh", WidthCriterion())
    error, longer, more = (
        np.log(found.values("poisson", "tanh", row, "1/2", "error")) for row in ("adam", LONGER, OVERSAMPLED)
    )
    row = e.rows["adam", asked.s[0]]
    for trended, logs in ((row.optimisation, error - longer), (row.sampling, longer - more)):
        slope = np.diff(np.median(logs, axis=1))[0] / math.log(2)
        assert trended.whole.value == pytest.approx(slope)
    assert row.networks == 4


def test_a_reference_with_fewer_residuals_than_parameters_says_nothing(
    data: tuple[Study, StudyData, Path],
) -> None:
    """Poisson at twice 8 points: some 18 residuals, 13 and 25 parameters at widths 4 and 8."""
    asked, found, _ = data
    e = width_evidence(asked, found, "poisson", "tanh", WidthCriterion())
    assert e.parameters == (13, 25)
    assert e.residuals < 25
    assert e.starved == f"the reference has {e.residuals} residuals for 25 parameters at width 8"
    (claim,) = [c for c in kind(WIDTH).claims if c.code == "width-approximation"]
    (verdict,) = claim.verdicts(e)
    assert verdict.outcome is Outcome.UNDECIDED
    assert "more oversampling" in verdict.reason


def test_a_cell_holds_what_train_finds(data: tuple[Study, StudyData, Path]) -> None:
    """The error, and the residual √(2L), of a run of `train` from the same start with the same weights."""
    asked, found, _ = data
    case = asked.cases[0]
    context = WidthContext.of(asked, case, "tanh")
    network = context.network(8, asked.s[0])
    from_cells = found.values("poisson", "tanh", "adam", "1/2", "error")[1, 2]
    root = context.network(8, asked.s[0]).init(init_seed(asked.seed, 8, 2))
    own = train(case.problem, network, root, case.points, method="adam", until=20, weights="scaled")
    assert nt.training.relative_error(case.problem, network, own.parameters, 2500) == pytest.approx(
        from_cells
    )
    residual = found.values("poisson", "tanh", "adam", "1/2", "residual")[1, 2]
    assert residual == pytest.approx(math.sqrt(2 * own.loss))


def test_where_no_solution_is_stated_the_residual_speaks() -> None:
    asked = study("u_xx - u^3 - 1")
    context = kind(WIDTH).context(asked, asked.cases[0], "tanh")
    result = context.compute(4, 0)
    filled = {context.keys[k].quantity for k in result.ids}
    assert filled == {"fresh", "residual"}


def test_any_start_may_be_asked_for() -> None:
    asked = study("poisson", initialisation="pytorch", features={"x": {"periodic": 2}})
    again = Study.from_dict(json.loads(asked.json))
    assert again == asked
    context = kind(WIDTH).context(asked, asked.cases[0], "tanh")
    plain = kind(WIDTH).context(study(), study().cases[0], "tanh")
    assert not np.array_equal(context.compute(4, 0).values, plain.compute(4, 0).values)
    with pytest.raises(InputError, match="leave initialisation out"):
        Study.from_problems("poisson", settings=kind("hessian").settings(), initialisation="pytorch")


def test_methods_stand_in_one_order_and_travel() -> None:
    """JSON sorts names: rows must not move by being read back."""
    one = WidthSettings.from_dict({"methods": {"adam": 10, "gd": 5, "gauss-newton": 3}})
    two = WidthSettings.from_dict(json.loads(json.dumps(one.to_dict(), sort_keys=True)))
    assert list(one.methods) == list(two.methods) == ["gauss-newton", "adam", "gradient-descent"]
    assert pickle.loads(pickle.dumps(one)) == one
    assert study("poisson", {"methods": {"adam": 1, "gauss-newton": 1}}) == study(
        "poisson", {"methods": {"gauss-newton": 1, "adam": 1}}
    )


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({"methods": {}}, "methods by name"),
        ({"methods": {"newton": 3}}, "methods is 'newton'"),
        ({"methods": {"adam": 2.5}}, "whole number of steps"),
        ({"methods": {"flow": -1}}, "positive time"),
        ({"methods": {"gd": 1, "gradient-descent": 2}}, "twice"),
        ({"reference": 0}, "reference is 0"),
        ({"oversampling": 1}, "oversampling is 1"),
    ],
)
def test_settings_that_do_not_fit_are_named(table: dict, word: str) -> None:
    with pytest.raises(InputError, match=word):
        WidthSettings.from_dict(table)


@pytest.mark.filterwarnings("ignore")
def test_it_runs_on_a_cluster_unchanged(data: tuple[Study, StudyData, Path], tmp_path: Path) -> None:
    """Two Dask workers find the same rows, bit for bit, as this process."""
    asked, _, path = data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Dask warns of is not ours to fail on
        import distributed  # noqa: PLC0415  only the cluster needs it

        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
        ) as local:
            run(asked, tmp_path / "dask.sqlite", cluster=local.scheduler_address, progress=False)
    with Store.open(path) as one, Store.open(tmp_path / "dask.sqlite") as two:
        assert one.fingerprint() == two.fingerprint()


def test_the_command_shows_errors_and_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = ["--widths", "4,8", "--seeds", "4", "--points", "4", "--workers", "1"]
    store = ["--store", str(tmp_path / "s.sqlite")]
    words = ["verify", "poisson", "--kind", "width", "--methods", "adam=15", *size, *store]
    with pytest.raises(SystemExit) as end:
        main([*words, "--json"])
    assert end.value.code == 0
    (found,) = json.loads(capsys.readouterr().out)["studies"]
    assert found["width"]["methods"] == {"adam": 15}
    (measured,) = found["measured"]
    assert [row["method"] for row in measured["methods"]] == ["adam"]
    assert len(measured["methods"][0]["error"]) == len(measured["oversampled"]["1/2"]) == 2
    with pytest.raises(SystemExit):
        main(words)
    shown = capsys.readouterr().out
    assert "oversampled" in shown
    assert "N = 8" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--methods", "adam=5"], "--methods needs --kind width"),
        (["--kind", "width", "--methods", "adam"], "needs NAME=STEPS"),
        (["--kind", "width", "--methods", "adam=1,adam=2"], "twice"),
        (["--kind", "width", "--methods", "adam=2.5"], "whole number of steps"),
    ],
)
def test_methods_that_do_not_fit_are_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["verify", "poisson", *words])
    assert end.value.code == 2
    assert message in capsys.readouterr().err
