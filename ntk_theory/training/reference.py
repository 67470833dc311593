"""Reference solutions of benchmark problems that have no formula: what errors are measured against.

They were made by ``benchmarks/references.py`` with methods that share no code with this package, are stored
beside the zoo on a grid of their own, and are never trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import zoo, zoo_names


@dataclass(frozen=True, eq=False)
class Reference:
    """Fields on a tensor grid.

    Attributes
    ----------
    axes:
        Coordinates by variable, increasing.
    fields:
        Values by field, one axis per variable in the order of ``axes``; a field may be missing.
    accuracy:
        The relative L² change from a coarser computation by the same method.
    method:
        How they were computed.
    """

    axes: Mapping[str, Floats]
    fields: Mapping[str, Floats]
    accuracy: float
    method: str

    @property
    def points(self) -> Floats:
        """The grid as points (n, d)."""
        mesh = np.meshgrid(*self.axes.values(), indexing="ij")
        return np.ascontiguousarray(np.stack([axis.ravel() for axis in mesh], axis=1))


def reference(problem: Problem) -> Reference | None:
    """The stored reference of a benchmark problem; ``None`` where there is none.

    A problem that only bears the name of one (other equations, conditions, coefficients or domain) has none.

    >>> from ntk_theory import zoo
    >>> found = reference(zoo("kdv-cosine"))
    >>> found.accuracy < 1e-10, sorted(found.fields)
    (True, ['u'])
    >>> reference(zoo("kdv-cosine", parameters={"delta": "1/10"})) is None
    True
    """
    stated = _stated(problem)
    if not stated.benchmark or stated.name not in zoo_names(benchmark=True):
        return None
    file = files("ntk_theory.symbolic") / "zoo" / "references" / f"{stated.name}.npz"
    if not file.is_file() or not _same(stated, _stated(zoo(stated.name))):
        return None
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
        arrays = {name: data[name] for name in data.files}
    axes = {name: arrays[f"axis/{name}"] for name in stated.variables}
    fields = {name: arrays[f"field/{name}"] for name in stated.fields if f"field/{name}" in arrays}
    return Reference(axes, fields, float(arrays["accuracy"]), str(arrays["method"]))


def _stated(problem: Problem) -> Problem:
    """The problem in its own fields, whatever ansatz it has."""
    return problem if problem.construction is None else problem.construction.stated


def _same(one: Problem, other: Problem) -> bool:
    """Do both state the same?"""
    return all(
        getattr(one, part) == getattr(other, part)
        for part in ("space", "equations", "conditions", "domain", "parameters", "unknowns", "unknown_fields")
    )
