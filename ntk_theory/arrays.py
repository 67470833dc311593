"""The types of arrays: one name for each, wherever an array is annotated.

For readers and the type checker only; shapes are said in docstrings. A module that must start without NumPy
(errors, symbolic, theory) does not import this one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Real numbers in double precision: points, values, kernels.
Floats = NDArray[np.float64]
#: Fourier transforms and characteristic functions.
Complexes = NDArray[np.complex128]
#: Tables of multi-indices and whatever kernels take as counts.
Ints = NDArray[np.int64]
#: Numbers of rows as they are stored.
ShortInts = NDArray[np.int32]
#: Positions that index another array.
Places = NDArray[np.intp]
#: Masks.
Bools = NDArray[np.bool_]
#: Words of random or Sobol bits.
Bits = NDArray[np.uint64]
#: A column of any kind.
AnyArray = NDArray[Any]
