from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import study_cases

from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.empirical.ntk import ntk
from ntk_theory.model.blocks import KernelGroup
from ntk_theory.studies.engine.cell import init_seed
from ntk_theory.studies.initialisation import cells
from ntk_theory.studies.initialisation.blocks import frobenius, probe_vector, watched_pairs
from ntk_theory.studies.initialisation.cells import CellContext, compute_cell, compute_law
from ntk_theory.studies.question.study import Study
from ntk_theory.symbolic import GroupKind


def context(study: Study, *, law: bool = True, case: int = 0) -> CellContext:
    bare = CellContext.of(study, study.cases[case], study.activations[0])
    return CellContext.of(study, bare.case, bare.activation, compute_law(bare).jet_ntk if law else None)


def table(made: CellContext, width: int, seed: int) -> dict[tuple[str, str, str], float]:
    result = compute_cell(made, width, seed)
    assert not result.failures
    return {(row.pair, row.s, row.quantity): row.value for row in result.rows(made.keys)}


@pytest.mark.parametrize("bias", ["zero", "normal", "none"])
@pytest.mark.parametrize("name", ["kdv", "sine-gordon", "wave"])
def test_blocks_are_those_of_the_kernel_made_without_the_jet_ntk(name: str, bias: str) -> None:
    study = Study.from_problems(name, points=4, widths=24, seeds=3, s=("2/5", 1), output_bias=bias)
    made = context(study, law=False)
    rows = table(made, 24, 2)
    for s in study.s:
        network = study.network(name, "tanh", 24, s)
        kernel = ntk(
            study.cases[0].problem,
            network,
            network.init(init_seed(0, 24, 2)),
            study.points(name),
            path="contracted",
        )
        for pair in made.reader.pairs:
            block, (g, h) = kernel[pair], pair.split(",")
            v, w = (probe_vector(0, side, 1, n) for side, n in zip((g, h), block.shape, strict=True))
            scale = np.linalg.norm(block)
            assert rows[pair, str(s), "norm"] == pytest.approx(scale, rel=1e-11)
            assert rows[pair, str(s), "probe:1"] == pytest.approx(v @ block @ w, rel=1e-10, abs=1e-12 * scale)
            if g == h:
                assert rows[pair, str(s), "trace"] == pytest.approx(np.trace(block), rel=1e-11)
            else:
                assert (pair, str(s), "trace") not in rows
            assert (pair, str(s), "norm_limit") not in rows


def test_fields_and_jet_ntk_are_probed_over_all_rows() -> None:
    study = study_cases.small()
    made = context(study, law=False)
    rows = table(made, 16, 1)
    network = study.network(study.cases[0], "erf", 16)
    parameters = network.init(init_seed(0, 16, 1))
    S = scaled_jets(network, parameters, made.rows.points, made.rows.slots)
    T = jet_ntk(network, parameters, made.rows.points, made.rows.slots)
    w = probe_vector(0, "*", 0, S.shape[1])
    names = [study.cases[0].problem.space.name(slot) for slot in made.rows.slots]
    assert names == ["u", "u_x", "u_t"]
    for a, name in enumerate(names):
        assert rows["", "", f"field:{name}:0"] == pytest.approx(w @ S[a], rel=1e-12)
        for b in range(a, len(names)):
            value = rows["", "", f"jetntk:{name}:{names[b]}:0"]
            assert value == pytest.approx(w @ T[a, :, b, :] @ w, rel=1e-11, abs=1e-13)
    assert ("", "", "jetntk:u_x:u:0") not in rows


def test_the_limit_quantities_use_the_limit_jet_ntk_and_the_same_fields() -> None:
    study = study_cases.small(s=("1/2", "2/5"))
    bare = context(study, law=False)
    network = study.network(study.cases[0], "erf", 16)
    parameters = network.init(init_seed(0, 16, 2))
    own = jet_ntk(network, parameters, bare.rows.points, bare.rows.slots)
    # With the network's own T in place of the limit, both must agree; with twice it, they must not.
    same = table(CellContext.of(study, bare.case, "erf", own), 16, 2)
    twice = table(CellContext.of(study, bare.case, "erf", 2 * own), 16, 2)
    for pair in bare.reader.pairs:
        for quantity in ("norm", "probe:0", "probe:1"):
            key, limit = (pair, "2/5", quantity), (pair, "2/5", cells.with_limit(quantity))
            assert same[limit] == pytest.approx(same[key], rel=1e-10)
            assert abs(twice[limit] / twice[key] - 1) > 0.1


def test_a_wide_network_comes_near_the_limit() -> None:
    made = context(study_cases.small())
    law = compute_law(made)
    off = [
        abs(compute_cell(made, 2**14, seed).values[made.positions["", "", "jetntk:u:u:0"]]  # type: ignore[index]
            / law.values["jetntk:u:u:0"] - 1)
        for seed in range(2, 6)
    ]  # fmt: skip
    assert max(off) < 0.1  # four fluctuations of order N^{-1/2} = 0.008


def test_the_law_holds_the_variance_of_the_probed_field() -> None:
    made = context(study_cases.small())
    law = compute_law(made)
    at = [made.keys.index(("", "", f"field:u:{j}")) for j in range(2)]
    sample = np.array([compute_cell(made, 64, seed).values[at] for seed in range(400)])
    for j in range(2):
        ratio = sample[:, j].var() / law.values[f"field:u:{j}"]
        # sd of a variance ratio of 400 nearly Gaussian numbers: 0.071; five of them, one chance in 10^6.
        assert abs(ratio - 1) < 0.36


def test_the_identity_holds_where_it_is_checked_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made = context(study_cases.small(), law=False)
    rows = table(made, 16, 1)
    kept = {key: value for key, value in rows.items() if key[2] == "identity"}
    assert set(kept) == {(pair, s, "identity") for pair in made.reader.pairs for s in ("1/2", "1")}
    assert max(kept.values()) < 1e-12
    assert not any(key[2] == "identity" for key in table(made, 16, 2))
    assert not any(key[2] == "identity" for key in table(made, 1024, 0))
    # A kernel assembled with a wrong power of ε is told apart.
    right = cells.row_kernel
    monkeypatch.setattr(cells, "row_kernel", lambda rows, w, T, eps, rate: right(rows, w, T, eps**1.2, rate))
    wrong = table(made, 16, 1)
    assert wrong["f,f", "1", "identity"] > 0.01


def test_networks_of_different_widths_and_seeds_are_independent() -> None:
    seeds = {init_seed(root, width, seed) for root in (0, 1) for width in (16, 32) for seed in range(50)}
    assert len(seeds) == 200
    study = study_cases.small()
    narrow, wide = (
        study.network(study.cases[0], "erf", width).init(init_seed(0, width, 0)).readout[0, :16]
        for width in (16, 32)
    )
    assert not np.allclose(narrow, wide)


def test_watched_pairs() -> None:
    def group(name: str) -> KernelGroup:
        kind = {"f": GroupKind.EQUATION, "b": GroupKind.VALUE}.get(name[0], GroupKind.CONDITION)
        return KernelGroup(name, kind, 2)

    groups = [group(name) for name in ("b1", "b2", "f1", "f2")]
    assert watched_pairs(groups, 2) == (
        "b,b", "b,f", "f,f",
        "b1,b1", "b1,b2", "b1,f1", "b1,f2", "b2,b2", "b2,f1", "b2,f2", "f1,f1", "f1,f2", "f2,f2",
    )  # fmt: skip
    assert watched_pairs([group("slope"), group("f")], 1) == ("f,f", "slope,slope", "slope,f")


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200, 5e-324, 1.7e308, 0.0])
def test_the_norm_neither_overflows_nor_underflows(scale: float) -> None:
    block = np.array([[1.0, 0.0], [-1.0, 0.5]]) * scale
    expected = min(1.5 * scale, 1.7976931348623157e308) if scale != 5e-324 else 2**0.5 * scale
    found = frobenius(block)
    assert found == pytest.approx(expected, rel=0.5 if scale == 5e-324 else 1e-15) or scale == 1.7e308


def test_an_overflow_fails_its_pairs_and_keeps_the_rest() -> None:
    study = study_cases.small(problems="u_t + exp(exp(u))", s=("1/10", "1"), widths=4096)
    made = context(study)
    results = [compute_cell(made, 4096, seed) for seed in range(6)]
    failures = [f for r in results for f in r.failures]
    assert failures
    for f in failures:
        assert f.s == "1/10"
        assert "f" in f.pair.split(",")
        assert f.pair != "b,b"
    for result in results:
        kept = {(row.pair, row.s) for row in result.rows(made.keys)}
        assert {("b,b", "1/10"), ("b,b", "1"), ("b,f", "1"), ("f,f", "1"), ("", "")} <= kept
        assert ("f,f", "1/10") in kept or result.failures
        assert not {(f.pair, f.s) for f in result.failures} & kept
        assert np.isfinite(result.values).all()


def test_an_activation_that_is_too_rough_fails_the_cell_with_the_reason() -> None:
    made = context(study_cases.small(problems="u_t - u_xx", activations="relu^2"))
    assert made.limit is None
    result = compute_cell(made, 16, 0)
    (failure,) = result.failures
    assert (failure.pair, failure.s) == ("", "")
    assert "relu^2" in failure.message
    assert not len(result.values)


def test_a_law_that_cannot_be_had_leaves_its_reason() -> None:
    bare = context(study_cases.small(problems="u_t - u_xx", activations="relu^4"), law=False)
    law = compute_law(bare)
    if law.jet_ntk is None:
        assert law.note
    else:
        assert law.note == ""
        assert np.isfinite(law.jet_ntk).all()


def test_s_is_exact_in_the_layout() -> None:
    made = context(study_cases.small(s=(0.4, Fraction(5, 8))), law=False)
    assert {key.s for key in made.keys} == {"", "2/5", "5/8"}
