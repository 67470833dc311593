"""The registry's claims on sampled networks: a planted false variant is refuted, a true one is not.

A covering subset of ``benchmarks/planted_claims.py``, which does it with 20 root seeds for every claim.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ntk_theory as nt
from ntk_theory.claims.source import EXHIBIT

pytestmark = pytest.mark.statistics

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
#: Claims of studies of kernels and of Hessians, and exhibited ones: of limit kernels, and of networks. Others
#: take minutes.
CODES = (
    "paper-bb", "paper-ff", "paper-bf", "converse-ff", "converse-bf", "wang-deterministic", "bonfanti-random",
    "hessian-linear", "wang-disparity", "xie-collapse", "xu-definite", "xu-contraction",
)  # fmt: skip


@pytest.fixture(scope="module")
def planted() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    import planted_claims  # noqa: PLC0415  a script's module, not the package's

    yield planted_claims
    sys.path.remove(str(BENCHMARKS))
    for name in ("planted_claims", "planted_variants", "planted_nonlinear", "environment"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def world(planted: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return planted.World(1, tmp_path_factory.mktemp("planted"))


def test_every_claim_of_the_registry_has_its_variants(planted: ModuleType) -> None:
    assert set(planted.VARIANTS) == set(planted.CLAIMS)


@pytest.mark.parametrize("code", CODES)
def test_a_false_variant_is_refuted_and_a_true_one_is_not(code: str, planted: ModuleType, world: Any) -> None:
    """Fixed seed; a true claim of these may be refuted in 1 to 5 % of seeds, as its criterion states."""
    found = planted.heard(code, world)
    assert found["false"] == "refuted"
    assert found["true"] != "refuted"


#: Exhibited claims on sine-Gordon; the one that is left out takes seconds.
NONLINEAR_CODES = ("condition-grows", "gan-decay", "wang-disparity", "xie-collapse", "xu-definite")


def test_every_widened_exhibit_has_its_variants(planted: ModuleType) -> None:
    """A claim exhibited on sine-Gordon without --beyond has variants there, or speaks of no kernel of it."""
    problem = nt.problem("sine-gordon")
    speaks = {
        code
        for code, claim in planted.CLAIMS.items()
        if claim.needs == EXHIBIT and not claim.applies(problem)
    }
    assert speaks - {"xu-contraction"} == set(planted.NONLINEAR)  # spoke of nonlinear problems always


@pytest.mark.parametrize("code", NONLINEAR_CODES)
def test_a_false_variant_is_refuted_on_a_nonlinear_problem(
    code: str, planted: ModuleType, world: Any
) -> None:
    """Fixed seed; an exhibit may refute a true claim in 5 % of seeds."""
    found = planted.heard(code, world, planted.NONLINEAR)
    assert found["false"] == "refuted"
    assert found["true"] != "refuted"


def test_counts_over_seeds_are_held_against_what_is_stated(planted: ModuleType) -> None:
    def outcomes(true: int, false: int) -> dict[str, dict[str, str]]:
        """So many refuted of 20."""
        return {
            str(k): {
                "true": "refuted" if k < true else "supported",
                "false": "refuted" if k < false else "undecided",
            }
            for k in range(20)
        }

    assert planted.row("hessian-linear", outcomes(1, 18))["met"]  # its criterion states 5 %
    assert not planted.row("hessian-linear", outcomes(2, 18))["met"]
    assert not planted.row("hessian-linear", outcomes(0, 17))["met"]
    assert not planted.row("paper-ff", outcomes(1, 20))["met"]  # 1 %
