"""C += FᵀF in registers: the inner block of a symmetric rank-K update, written for the vector unit.

F is (K, ld) with the points along the fast axis, as the feature kernels make it, so that nothing is
packed. One step holds a ROWS × COLUMNS block of C in vector registers over all K: per k it loads
COLUMNS/LANES vectors of F and broadcasts ROWS scalars. With 512-bit vectors that is 24 accumulators of 8
doubles out of 32 registers, with 256-bit vectors 12 of 4 out of 16.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ntk_theory.arrays import Floats
from ntk_theory.kernels.jit import inlined


def _shape() -> tuple[int, int, int]:
    """Lanes, rows and columns for this machine's registers."""
    features = llvm.get_host_cpu_features()
    return (8, 8, 24) if features.get("avx512f") else (4, 4, 12)


LANES, ROWS, COLUMNS = _shape()


@intrinsic
def _block(
    context: Any, F: Any, row: Any, column: Any, depth: Any, stride: Any, C: Any, target: Any, width: Any
) -> Any:
    """C[target + i·width + j] += Σ_k F[k·stride + row + i] F[k·stride + column + j] for one block."""
    vector, word = ir.VectorType(ir.DoubleType(), LANES), ir.IntType(64)
    across = COLUMNS // LANES

    def constant(n: int) -> Any:
        return ir.Constant(word, n)

    def load(builder: Any, pointer: Any, offset: int) -> Any:
        place = builder.gep(pointer, [constant(offset)])
        return builder.load(builder.bitcast(place, vector.as_pointer()), align=8)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        f, row, column, depth, stride, c, target, width = arguments
        data = context.make_array(signature.args[0])(context, builder, f).data
        out = builder.gep(context.make_array(signature.args[5])(context, builder, c).data, [target])
        fma_type = ir.FunctionType(vector, [vector] * 3)
        name = f"llvm.fma.v{LANES}f64"
        fma = builder.module.globals.get(name) or ir.Function(builder.module, fma_type, name)

        before = builder.block
        loop = builder.append_basic_block("rank_update")
        after = builder.append_basic_block("rank_update_end")
        left, right = builder.gep(data, [row]), builder.gep(data, [column])
        builder.branch(loop)

        builder.position_at_end(loop)
        k = builder.phi(word)
        a, b = builder.phi(left.type), builder.phi(right.type)
        k.add_incoming(constant(0), before)
        a.add_incoming(left, before)
        b.add_incoming(right, before)
        sums = [builder.phi(vector) for _ in range(ROWS * across)]
        for total in sums:
            total.add_incoming(ir.Constant(vector, [0.0] * LANES), before)
        columns = [load(builder, b, j * LANES) for j in range(across)]
        new = []
        for i in range(ROWS):
            entry = builder.load(builder.gep(a, [constant(i)]))
            single = builder.insert_element(
                ir.Constant(vector, ir.Undefined), entry, ir.Constant(ir.IntType(32), 0)
            )
            same = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            spread = builder.shuffle_vector(single, ir.Constant(vector, ir.Undefined), same)
            new += [builder.call(fma, [spread, columns[j], sums[i * across + j]]) for j in range(across)]
        for total, value in zip(sums, new, strict=True):
            total.add_incoming(value, loop)
        following = builder.add(k, constant(1))
        k.add_incoming(following, loop)
        a.add_incoming(builder.gep(a, [stride]), loop)
        b.add_incoming(builder.gep(b, [stride]), loop)
        builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)

        builder.position_at_end(after)
        for i in range(ROWS):
            line = builder.gep(out, [builder.mul(width, constant(i))])
            for j in range(across):
                place = builder.gep(line, [constant(j * LANES)])
                place = builder.bitcast(place, vector.as_pointer())
                value = builder.fadd(builder.load(place, align=8), new[i * across + j])
                builder.store(value, place, align=8)
        return context.get_dummy_value()

    return types.void(F, row, column, depth, stride, C, target, width), generate


#: The compiled form; its declaration above is Numba's (typing context, arguments).
block: Any = _block


@inlined
def add_gram(F: Floats, depth: int, C: Floats) -> None:
    """C[x, x'] += Σ_{k<depth} F[k, x] F[k, x'] for all blocks on and above the diagonal of C.

    C is (n, n), F (≥ depth, ≥ n), n a multiple of COLUMNS (hence of ROWS), depth ≥ 1.
    """
    n, stride = C.shape[0], F.shape[1]
    for column in range(0, n, COLUMNS):
        for row in range(0, column + COLUMNS, ROWS):
            block(F, row, column, depth, stride, C, row * n + column, n)


def padded(n: int) -> int:
    """The least multiple of COLUMNS that holds n points."""
    return -(-n // COLUMNS) * COLUMNS


def row_stride(n: int) -> int:
    """A length of rows, at least ``padded(n)``, of an odd number of cache lines: no two rows share a set."""
    lines = -(-padded(n) // 8)
    return 8 * (lines + 1 - lines % 2)
