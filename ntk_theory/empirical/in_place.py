"""C += AᵀB for blocks of columns of one array, in place, by BLAS and from several threads at once.

NumPy's products make an array for every result, and SciPy's hold the interpreter's lock. The routines that
SciPy offers to compiled code are called through ctypes here: they add to C where it stands, without the lock.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from scipy.linalg import cython_blas

from ntk_theory.arrays import Floats


def _routine(name: str, arguments: int) -> Any:
    """The address in SciPy's capsule as a function of so many pointers."""
    capsule = cython_blas.__pyx_capi__[name]
    api = ctypes.pythonapi
    signature, address = api.PyCapsule_GetName, api.PyCapsule_GetPointer
    signature.restype, signature.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address.restype, address.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    pointer = address(capsule, signature(capsule))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(pointer)


_dsyrk, _dgemm = _routine("dsyrk", 10), _routine("dgemm", 13)
_ONE = ctypes.c_double(1.0)
_UPPER, _PLAIN, _TURNED = (ctypes.c_char(letter) for letter in (b"U", b"N", b"T"))


def add_block(gram: Floats, tile: Floats, a: slice, b: slice) -> None:
    """``gram[a, b] += tile[:, a].T @ tile[:, b]``; of a diagonal block (a = b) the lower triangle alone.

    Parameters
    ----------
    gram, tile:
        (P, P) and (n, P), float64 in the order of C.
    a, b:
        Columns: slices with start and stop.
    """
    size = gram.shape[1]
    for array in (gram, tile):
        if array.dtype != np.float64 or not array.flags.c_contiguous or array.shape[1] != size:
            raise ValueError("gram and tile need to be float64, in the order of C, with the same columns")
    left, right = (tile.ctypes.data + 8 * part.start for part in (a, b))
    target = gram.ctypes.data + 8 * (a.start * size + b.start)
    many, rows, columns, stride = (_integer(n) for n in (len(tile), a.stop - a.start, b.stop - b.start, size))
    # To BLAS, which counts along columns, these are the transposes: gramᵀ[b, a] += tileᵀ[b] tileᵀ[a]ᵀ.
    if a == b:
        _call(_dsyrk, _UPPER, _PLAIN, rows, many, _ONE, left, stride, _ONE, target, stride)
    else:
        factors = (_ONE, right, stride, left, stride, _ONE)
        _call(_dgemm, _PLAIN, _TURNED, columns, rows, many, *factors, target, stride)


def _integer(value: int) -> Any:
    """For BLAS with integers of 4 and of 8 bytes alike where the low bytes come first, as everywhere."""
    return ctypes.c_int64(value)


def _call(routine: Any, *arguments: Any) -> None:
    routine(*(one if isinstance(one, int) else ctypes.addressof(one) for one in arguments))
