"""Every public name of the package is there, and none of them is imported before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ntk_theory as nt


@pytest.mark.parametrize("name", nt.__all__)
def test_every_public_name_exists_and_is_listed(name):
    assert getattr(nt, name) is not None
    assert name in dir(nt)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nkt'"):
        nt.nkt  # noqa: B018


def test_a_classification_imports_no_numerics():
    script = (
        "import sys, ntk_theory as nt; nt.classify('u_t + u*u_x');"
        "print(sorted({'numpy', 'scipy', 'numba', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
