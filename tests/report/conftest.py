"""One small study for all tests of the report: a polynomial operator and one whose kernel diverges."""

from __future__ import annotations

import pytest

from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.initialisation.verify import judge, verify

PROBLEMS = ("u_t + u*u_x", "u_t - u_x + sqrt(|u|)")


@pytest.fixture(scope="session")
def study_store(tmp_path_factory):
    """The path of its store."""
    path = tmp_path_factory.mktemp("report") / "study.sqlite"
    verify(
        list(PROBLEMS), s=("2/5", "1/2", "1"), widths=(64, 128, 256, 512), seeds=40, points=4,
        activations="erf", store=path, workers=1, progress=False,
    )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def small_study(study_store):
    """What it found."""
    with Store.open(study_store) as store:
        return judge(store)
