"""The command that makes a study again, given only where it provably makes the same one."""

from __future__ import annotations

import shlex
from pathlib import Path

from ntk_theory.errors import NTKTheoryError
from ntk_theory.studies.question.study import Study
from ntk_theory.symbolic.network_table import toml_value
from ntk_theory.symbolic.problem import GroupKind


def resume_command(store: Path) -> str:
    """Makes the study of a store again, whatever it was made from."""
    return f"ntk-theory resume {shlex.quote(str(store))} --into again.sqlite"


def verify_command(study: Study) -> str | None:
    """The ``ntk-theory verify`` command of a study, ``None`` where there is none.

    Names and options are read off the study, the study they ask for is built, and its digest compared: a
    problem from a file, or with parameters set by hand, has no command of this kind.
    """
    names = list(dict.fromkeys(_name(case.label, bool(case.parameters)) for case in study.cases))
    points = max(
        len(case.points[group.name])
        for case in study.cases
        for group in case.problem.groups
        if group.kind is GroupKind.EQUATION
    )
    parameters = study.cases[0].parameters
    sweep = None
    if parameters:
        (swept,) = parameters
        values = list(dict.fromkeys(case.parameters.get(swept, "") for case in study.cases))
        sweep = (swept, values)
    try:
        again = Study.from_problems(
            names, points=points, sweep=sweep, seed=study.seed, s=study.s, widths=study.widths,
            seeds=study.seeds, depth=study.depth, activations=study.activations,
            output_bias=study.output_bias, criterion=study.criterion, features=study.features,
            initialisation=study.initialisation,
        )  # fmt: skip
    except NTKTheoryError:
        return None
    return _command(study, names, points, sweep) if again.digest == study.digest else None


def _command(study: Study, names: list[str], points: int, sweep: tuple[str, list[str]] | None) -> str:
    words = [
        "ntk-theory", "verify", *names,
        "--s", ",".join(map(str, study.s)),
        "--widths", ",".join(map(str, study.widths)),
        "--seeds", str(study.seeds),
        "--points", str(points),
        "--depth", str(study.depth),
        "--activation", ",".join(study.activations),
        "--output-bias", study.output_bias,
        "--seed", str(study.seed),
    ]  # fmt: skip
    if study.features is not None:
        words += ["--features", toml_value(study.features)]
    if study.initialisation is not None:
        start = study.initialisation
        words += ["--init", start if isinstance(start, str) else toml_value(start)]
    if sweep is not None:
        words += ["--sweep", f"{sweep[0]}={','.join(sweep[1])}"]
    return shlex.join(words)


def _name(label: str, swept: bool) -> str:
    return label.rpartition(" [")[0] if swept else label
