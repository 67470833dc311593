import numpy as np
import pytest

from ntk_theory.empirical.arena import Arena
from ntk_theory.errors import InputError
from ntk_theory.kernels import rank_update, shallow
from ntk_theory.kernels.threads import each, share
from ntk_theory.resources import thread_count, thread_limit


@pytest.mark.parametrize("n", [1, 23, 24, 25, 100])
@pytest.mark.parametrize("depth", [1, 2, 37, 128])
def test_rank_update_is_a_product_with_the_transpose(n, depth):
    rng = np.random.default_rng(n)
    size, stride = rank_update.padded(n), rank_update.row_stride(n)
    F, C = np.zeros((depth + 3, stride)), rng.standard_normal((size, size))
    F[:, :n] = rng.standard_normal((depth + 3, n))
    want = C[:n, :n] + F[:depth, :n].T @ F[:depth, :n]
    shallow.rank_update(F, depth, C)
    upper = np.triu_indices(n)
    np.testing.assert_allclose(C[:n, :n][upper], want[upper], rtol=1e-13, atol=1e-13 * depth)


@pytest.mark.parametrize("n", [1, 24, 256, 1000])
def test_padding_and_stride(n):
    assert rank_update.padded(n) >= n
    assert rank_update.padded(n) % rank_update.COLUMNS == rank_update.padded(n) % rank_update.ROWS == 0
    stride = rank_update.row_stride(n)
    assert stride >= rank_update.padded(n)
    assert stride % 8 == 0
    assert (stride // 8) % 2 == 1


@pytest.mark.parametrize("kernel", [shallow.shallow_jets, shallow.shallow_contract, shallow.rank_update])
def test_kernels_are_compiled_once_without_the_interpreter(kernel):
    made = kernel.dispatcher
    assert len(made.nopython_signatures) == len(made.signatures) == 1


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_ranges_cover_every_item_once(threads):
    seen = np.zeros(103, dtype=int)

    def work(start, stop):
        seen[start:stop] += 1

    with thread_limit(threads):
        assert thread_count() == threads
        share(work, len(seen))
        share(work, 0)
        assert each(lambda k: k * k, range(7)) == [k * k for k in range(7)]
    assert seen.tolist() == [1] * 103


def test_nested_calls_and_errors_do_not_hang():
    with thread_limit(3):
        assert each(lambda k: sum(each(lambda j: j, range(k))), range(5)) == [0, 0, 1, 3, 6]
        with pytest.raises(ZeroDivisionError):
            each(lambda k: 1 // k, range(4))
        assert each(abs, [-1, 2]) == [1, 2]
    with pytest.raises(InputError, match="positive number of threads"), thread_limit(0):
        pass


def test_blas_threads_are_restored():
    from threadpoolctl import threadpool_info  # noqa: PLC0415

    before = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    with thread_limit(2):
        each(lambda k: np.ones((8, 8)) @ np.ones((8, 8)), range(4))
    assert [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"] == before


def test_arena_hands_out_distinct_arrays_and_reuses_them():
    arena = Arena()
    a, b = arena.empty(3, 4), arena.empty(3, 4)
    a.fill(1.0)
    b.fill(2.0)
    assert a.sum() == 12
    arena.release()
    again = Arena()
    reused = again.empty(12)
    assert np.shares_memory(reused, a) or np.shares_memory(reused, b)
    assert not np.shares_memory(reused, again.empty(12))
    again.release()
