"""Checkpoints: the state of a run as an .npz file, from which it goes on bit-identically.

A file holds arrays and text only. It carries a digest of everything that decides the run (method, network,
problem, points, weights, seed) and is refused by any other run. It is written to a new
file that then replaces the old one, so that a kill leaves the last good one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.files import not_a, read_archive, write_archive
from ntk_theory.training.methods.method import State

#: Written into every file; a reader of another layout refuses it.
FORMAT = "ntk-theory checkpoint 1"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A state, the start it came from, and the curves so far (name → values per step or record)."""

    state: State
    initial: Floats
    curves: Mapping[str, Floats]


def digest(parts: Mapping[str, object]) -> str:
    """SHA-256 of named parts: arrays by their bytes, anything else by its text."""
    total = hashlib.sha256()
    for name in sorted(parts):
        part = parts[name]
        total.update(name.encode())
        if isinstance(part, np.ndarray):
            total.update(str(part.shape).encode() + part.tobytes())
        else:
            total.update(str(part).encode())
    return total.hexdigest()


def write(path: str | PathLike[str], key: str, checkpoint: Checkpoint) -> None:
    """Write atomically."""
    state = checkpoint.state
    arrays = {f"memory/{name}": value for name, value in state.memory.items()}
    arrays |= {f"curve/{name}": value for name, value in checkpoint.curves.items()}
    numbers = {"step": state.step, "time": state.time.hex(), "evaluations": state.evaluations}
    arrays |= {"vector": state.vector, "values": state.values, "initial": checkpoint.initial}
    write_archive(path, FORMAT, {"key": key, "numbers": json.dumps(numbers), **arrays})


def read(path: str | PathLike[str], key: str) -> Checkpoint:
    """Read a checkpoint of the run with this digest; another run's or a damaged file raises InputError."""
    data = read_archive(path, FORMAT, what="checkpoint", writer="train(checkpoint=...), or remove it")
    try:
        found = str(data["key"])
        numbers = json.loads(str(data["numbers"]))
        memory = _named(data, "memory/")
        time = float.fromhex(numbers["time"])
        state = State(data["vector"], data["values"], numbers["step"], time, numbers["evaluations"], memory)
        checkpoint = Checkpoint(state, data["initial"], _named(data, "curve/"))
    except Exception as error:  # whatever a text or an array of the right type may still hold
        raise not_a(path, "checkpoint", "train(checkpoint=...), or remove it", error) from error
    if found != key:
        raise InputError(
            f"{path} belongs to another run (method, network, points, weights or problem differ); "
            "give another path or remove it"
        )
    return checkpoint


def _named(data: Mapping[str, Floats], prefix: str) -> dict[str, Floats]:
    return {name.removeprefix(prefix): data[name] for name in data if name.startswith(prefix)}
