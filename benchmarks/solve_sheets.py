"""A problem as a sheet of plain lists and numbers, which a code without this package can read and evaluate.

A sheet holds the domain and, for every equation and condition, its residual R = F(jets, x) - target as a
tree: a number, ``["x", k]`` (a coordinate), ``["jet", i, [α…]]`` (∂^α of field i), or an operation and its
arguments. A peer brings jets and elementary functions of its own; the package gives it nothing but the words.
Periodic pairs become ``periods``, which a peer meets by features cos and sin of the coordinate.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: SymPy's name of a function → the name in a peer's table.
FUNCTIONS = {"sin": "sin", "cos": "cos", "exp": "exp", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh"}


def sheet(problem: Any) -> dict[str, Any]:
    """The sheet of a problem of the zoo in its own fields; its named parameters become numbers."""
    problem = problem.bind()
    if problem.construction is not None:  # an ansatz is a choice of this package's
        problem = problem.construction.stated
    variables = list(problem.variables)
    periods, conditions = {}, []
    for group in problem.conditions:
        faces = [{variables.index(v): float(at) for v, at in face.items()} for face in group.faces]
        if len(group.legs) == 2:
            periods |= _period(group.name, faces)
            continue
        residual = group.legs[0].expression - group.target
        conditions.append(
            {"name": group.name, "faces": [list(map(list, f.items())) for f in faces]}
            | {"residual": tree(residual, problem.space)}
        )
    return {
        "name": problem.name,
        "title": problem.title,
        "fields": list(problem.fields),
        "variables": variables,
        "domain": [[float(end) for end in problem.domain[name]] for name in variables],
        "equations": [tree(g.legs[0].expression - g.target, problem.space) for g in problem.equations],
        "conditions": conditions,
        "periods": sorted([axis, length] for axis, length in periods.items()),
    }


def _period(name: str, faces: list[dict[int, float]]) -> dict[int, float]:
    """The coordinate that a pair of faces makes periodic, and the length of its period."""
    (axis, low), (other, high) = (next(iter(face.items())) for face in faces)
    if axis != other or any(len(face) != 1 for face in faces):
        raise ValueError(f"the pair {name!r} is on faces {faces}; a period needs two ends of one coordinate")
    return {axis: abs(high - low)}


def tree(node: Any, space: Any) -> Any:
    """A SymPy expression in jet symbols and variables as a tree."""
    if node.is_number:
        return float(node)
    if node.is_Symbol:
        if node.name in space.variables:
            return ["x", space.variables.index(node.name)]
        slot = space.decode(node)
        return ["jet", space.fields.index(slot.field), list(slot.index)]
    parts = [tree(child, space) for child in node.args]
    if node.is_Add:
        return ["+", *parts]
    if node.is_Mul:
        return ["*", *parts]
    if node.is_Pow:
        return ["^", parts[0], int(node.exp) if node.exp.is_Integer else parts[1]]
    name = type(node).__name__
    if name == "sech":
        return ["^", ["cosh", *parts], -1]
    return [FUNCTIONS[name], *parts]


def value(
    node: Any,
    coordinate: Callable[[int], Any],
    jet: Callable[[int, list[int]], Any],
    table: Mapping[str, Any],
) -> Any:
    """The value of a tree, by the peer's own coordinates, jets and functions."""
    if not isinstance(node, list):
        return node
    kind, *rest = node
    if kind == "x":
        return coordinate(rest[0])
    if kind == "jet":
        return jet(rest[0], rest[1])
    parts = [value(child, coordinate, jet, table) for child in rest]
    if kind == "^":
        return parts[0] ** parts[1]
    if kind not in "+*":
        return table[kind](parts[0])
    total = parts[0]
    for part in parts[1:]:
        total = total + part if kind == "+" else total * part
    return total


def is_pinned(problem: Mapping[str, Any], face: list[list[float]]) -> bool:
    """Does a face hold every coordinate: is it a point?"""
    return len(face) == len(problem["variables"])


class Watch:
    """Seconds of the processor since the start, without those spent on measuring; marks at which to measure.

    ``limit`` are the seconds of the whole run; marks grow geometrically, twelve for a factor of ten.
    """

    def __init__(self, limit: float) -> None:
        self.limit, self.spent = limit, 0.0
        self.speed = speed()
        self.curve: list[tuple[float, float]] = []
        self.start, self.wall = time.process_time(), time.perf_counter()
        self.mark, self.first = 0.25, 0.0

    def now(self) -> float:
        """Seconds of the processor so far."""
        return time.process_time() - self.start - self.spent

    def look(self, error: Callable[[], float], *, last: bool = False) -> bool:
        """Measure where a mark is passed; is the time up?"""
        now = self.now()
        self.first = self.first or now
        if now >= self.mark or last:
            before = time.process_time()
            self.curve.append((now, error()))
            while self.mark <= now:
                self.mark *= 10 ** (1 / 12)
            self.spent += time.process_time() - before
        return now >= self.limit


def speed() -> float:
    """10⁹ operations per second of the processor in products of matrices: the machine just now."""
    matrix = np.ones((300, 300))
    start = time.process_time()
    for _ in range(10):
        matrix @ matrix
    return 10 * 2 * 300**3 / (time.process_time() - start) / 1e9


def relative(found: Any, grid: Mapping[str, Any]) -> float:
    """‖u_found − u‖/‖u‖ on the grid; ``found`` is (n, m). What has no value of its own is not compared."""
    exact, inside = grid["values"], grid["inside"]
    off = np.where(inside, np.asarray(found, dtype=np.float64).T, 0.0) - exact
    return float(np.linalg.norm(off) / np.linalg.norm(exact))


def opened(folder: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sheet and the grid of fresh points that the driver laid out."""
    problem = json.loads((Path(folder) / "sheet.json").read_text(encoding="utf-8"))
    with np.load(Path(folder) / "grid.npz", allow_pickle=False) as data:
        return problem, {name: data[name] for name in data.files}


def written(folder: str, watch: Watch, **more: Any) -> None:
    """What a code found, for the driver to read."""
    end = watch.now()
    result = {
        "curve": watch.curve,
        "error": watch.curve[-1][1],
        "cpu": end,
        "wall": time.perf_counter() - watch.wall,
        "until_first_step": watch.first,
        "speed": [watch.speed, speed()],
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }
    (Path(folder) / "result.json").write_text(json.dumps(result | more), encoding="utf-8")
