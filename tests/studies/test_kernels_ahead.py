"""Kernels that a study uses are named by its kind, so that processes compile them side by side."""

import subprocess
import sys

import pytest

from ntk_theory.kernels import jit
from ntk_theory.studies.kinds import DEFAULT, HESSIAN, KINDS, TRAINING, WIDTH

#: Computes a tiny study in a fresh process and prints the kernels that were compiled or loaded there.
PROGRAM = """
import gc, sys
from ntk_theory.kernels.jit import Kernel
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.kinds import TRAINING, load
from ntk_theory.studies.question.study import Study
kind, depth, activation, store = sys.argv[1:]
own = load(kind).settings
more = {"settings": own.from_dict({"until": 0.01} if kind == TRAINING else load(kind).trial)} if own else {}
size = {"points": 3, "s": ("1/2", "1"), "widths": 8, "seeds": 1, "depth": int(depth)}
study = Study.from_problems("sine-gordon", activations=activation, **size, **more)
run(study, store, workers=1, progress=False)
print(*load(kind).kernels(study))
for k in gc.get_objects():
    if isinstance(k, Kernel) and k.is_compiled:
        print(k.__module__.rpartition(".")[2] + "." + k.__name__)
"""


@pytest.mark.parametrize(
    ("kind", "depth", "activation"),
    [
        (DEFAULT, 1, "tanh"),
        (DEFAULT, 2, "tanh"),
        (DEFAULT, 1, "erf"),
        (TRAINING, 1, "tanh"),
        (TRAINING, 2, "tanh"),
        (HESSIAN, 1, "tanh"),
        (HESSIAN, 2, "tanh"),
        (WIDTH, 1, "tanh"),
        (WIDTH, 2, "tanh"),
    ],
)
def test_a_kind_names_the_kernels_that_its_cells_use(kind, depth, activation, tmp_path):
    arguments = [kind, str(depth), activation, str(tmp_path / "store.sqlite")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    named, *used = done.stdout.splitlines()
    assert set(used) == set(named.split())


def test_the_kinds_that_this_covers_are_all():
    assert {DEFAULT, TRAINING, HESSIAN, WIDTH} == set(KINDS)


def test_a_kernel_is_compiled_by_its_name():
    jit.compile_kernel("gram.combine")
    with pytest.raises(AttributeError, match="nothing"):
        jit.compile_kernel("gram.nothing")
