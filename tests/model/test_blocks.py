from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.blocks import Kernel, KernelGroup, condition_number, effective_rank
from ntk_theory.symbolic.problem import GroupKind

VALUE, CONDITION, EQUATION = GroupKind.VALUE, GroupKind.CONDITION, GroupKind.EQUATION
GROUPS = (
    KernelGroup("initial", VALUE, 2),
    KernelGroup("slope", CONDITION, 1),
    KernelGroup("ends", VALUE, 3),
    KernelGroup("f1", EQUATION, 2),
    KernelGroup("f2", EQUATION, 1),
)


def kernel(groups: tuple[KernelGroup, ...] = GROUPS, seed: int = 0) -> Kernel:
    n = sum(group.size for group in groups)
    factor = np.random.default_rng(seed).normal(size=(n, n + 2))
    return Kernel(factor @ factor.T, groups)


def test_blocks_follow_the_groups() -> None:
    k = kernel()
    np.testing.assert_array_equal(k["initial,ends"], k.matrix[0:2, 3:6])
    np.testing.assert_array_equal(k["ends , initial"], k["initial,ends"].T)
    np.testing.assert_array_equal(k["slope", "f2"], k.matrix[2:3, 8:9])
    assert not k.matrix.flags.writeable
    mine = np.eye(9)
    assert Kernel(mine, GROUPS)["slope,slope"] == 1
    assert mine.flags.writeable


def test_b_stacks_value_groups_and_f_equations() -> None:
    k = kernel()
    b, f = [0, 1, 3, 4, 5], [6, 7, 8]
    np.testing.assert_array_equal(k["bf"], k.matrix[np.ix_(b, f)])
    np.testing.assert_array_equal(k["fb"], k["bf"].T)
    np.testing.assert_array_equal(k["ff"], k.matrix[6:, 6:])
    np.testing.assert_array_equal(k["b,f1"], k.matrix[np.ix_(b, [6, 7])])
    np.testing.assert_array_equal(k["bb"], k.matrix[np.ix_(b, b)])


def test_a_group_called_b_among_others_is_still_all_value_groups() -> None:
    groups = (KernelGroup("b", VALUE, 1), KernelGroup("c", VALUE, 1), KernelGroup("f", EQUATION, 1))
    assert kernel(groups)["bb"].shape == (2, 2)
    assert kernel(groups)["cf"].shape == (1, 1)
    with pytest.raises(InputError, match="rename it"):
        kernel((KernelGroup("b", CONDITION, 1),))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("initial,g", "no group 'g' in this kernel; it has initial, slope, ends, f1, f2, b, f"),
        ("initial", "not a pair of groups; write 'initial,f2'"),
        ("a,b,c", "not a pair"),
        (("b",), "not a pair"),
    ],
)
def test_wrong_keys_get_one_sentence(key: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        kernel()[key]


def test_without_value_groups_there_is_no_b() -> None:
    with pytest.raises(InputError, match=r"no group 'b' in this kernel; it has f\b"):
        kernel((KernelGroup("f", EQUATION, 2),))["bf"]


def test_traces_and_trace_ratio_weights() -> None:
    k = kernel()
    assert k.trace() == pytest.approx(sum(k.trace(name) for name in k.names))
    assert k.trace("ff") == k.trace("f") == k.trace("f,f") == pytest.approx(np.trace(k.matrix[6:, 6:]))
    assert k.trace("initial") == np.trace(k.matrix[:2, :2])
    with pytest.raises(InputError, match="off-diagonal"):
        k.trace("bf")
    weights = k.trace_ratio_weights()
    for name in k.names:
        assert weights[name] * k.trace(name) == pytest.approx(k.trace())
    zero = Kernel(np.diag([1.0, 0.0]), (KernelGroup("b", VALUE, 1), KernelGroup("f", EQUATION, 1)))
    with pytest.raises(InputError, match="'f' has a kernel of trace"):
        zero.trace_ratio_weights()


def test_spectra_of_a_known_kernel() -> None:
    q, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))
    k = Kernel(q @ np.diag([8.0, 4.0, 2.0, 1.0]) @ q.T, (KernelGroup("f", EQUATION, 4),))
    assert k.eigenvalues() == pytest.approx([8, 4, 2, 1])
    assert k.condition_number() == pytest.approx(8)
    p = np.array([8, 4, 2, 1]) / 15
    assert k.effective_rank("ff") == pytest.approx(np.prod(p**-p))
    identity = Kernel(np.eye(4), (KernelGroup("f", EQUATION, 4),))
    assert identity.effective_rank() == pytest.approx(4)
    assert condition_number([1.0, 1e-17]) == float("inf")
    assert condition_number([1.0, 1e-3]) == pytest.approx(1000)
    assert effective_rank([1.0, 0.0, -1e-18]) == 1
    assert effective_rank([0.0, 0.0]) == 0


def test_a_file_gives_back_every_bit(tmp_path: Path) -> None:
    k = Kernel(kernel().matrix, GROUPS, {"network": {"width": [3, 4], "s": "3/4"}, "seed": 7, "note": "ü"})
    path = tmp_path / "kernel.npz"
    k.to_npz(path)
    again = Kernel.from_npz(path)
    np.testing.assert_array_equal(again.matrix, k.matrix)
    assert again.groups == k.groups
    assert again.metadata == k.metadata
    with np.load(path, allow_pickle=False) as data:  # readable without this package, and without pickle
        assert data["names"].tolist() == list(k.names)


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "kernel.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="not a kernel file"):
        Kernel.from_npz(path)
    np.savez(path, format=np.array("another 3"), matrix=np.eye(2))
    with pytest.raises(InputError, match="'another 3'"):
        Kernel.from_npz(path)
    np.savez(path, format=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="not a kernel file"):
        Kernel.from_npz(path)
    kernel().to_npz(path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(InputError, match="not a kernel file"):
        Kernel.from_npz(path)
    with pytest.raises(FileNotFoundError):
        Kernel.from_npz(tmp_path / "absent.npz")


def test_a_kernel_must_fit_its_groups_and_be_finite() -> None:
    with pytest.raises(InputError, match=r"shape \(2, 3\); the groups need \(9, 9\)"):
        Kernel(np.zeros((2, 3)), GROUPS)
    with pytest.raises(InputError, match="each must be its own"):
        Kernel(np.eye(2), (GROUPS[1], GROUPS[1]))
    huge = np.full((9, 9), 1e308)
    assert (Kernel(huge, GROUPS).matrix == huge).all()  # its sum overflows, its entries do not
    matrix = kernel().matrix.copy()
    matrix[4, 7] = np.inf
    with pytest.raises(NonFiniteError, match="block ends,f1 is inf at points 1 and 1"):
        Kernel(matrix, GROUPS)


def test_a_kernel_prints_its_groups_and_not_its_entries():
    groups = (KernelGroup("initial", GroupKind.VALUE, 2), KernelGroup("f", GroupKind.EQUATION, 1))
    kernel = Kernel(np.eye(3), groups, {"s": "1/2"})
    assert repr(kernel) == "Kernel of initial (2), f (1): s 1/2"
