"""The kinds of study, one table line each. A kind is a folder whose ``kind`` module holds ``KIND``.

A study bears the name of its kind (:attr:`~ntk_theory.studies.question.study.Study.kind`). Whatever differs
between kinds is asked of the object found here, which is loaded when it is first needed: a study of kernels
pays for no training. Question, engine and judging import no kind.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ntk_theory.errors import InputError

#: The kind of a study that names none.
DEFAULT = "initialisation"
#: The kind that has options of its own on the command line, and whose settings have an older name.
TRAINING = "training"
#: The kind that looks at second derivatives.
HESSIAN = "hessian"
#: The kind that asks what a wider network gains.
WIDTH = "width"
#: Name of a kind, as it stands in a study's JSON → the module that holds its ``KIND``.
KINDS = {
    DEFAULT: "ntk_theory.studies.initialisation.kind",
    TRAINING: "ntk_theory.studies.flow.kind",
    HESSIAN: "ntk_theory.studies.hessian.kind",
    WIDTH: "ntk_theory.studies.width.kind",
}


def load(name: str) -> Any:
    """The kind of this name, a :class:`ntk_theory.studies.judging.kind.Kind`.

    Raises
    ------
    InputError
        This version has no such kind.
    """
    if name not in KINDS:
        raise InputError(
            f"the study is of the kind {name!r}, which this version does not know; "
            f"it knows {', '.join(KINDS)}: use the version that wrote it"
        )
    return import_module(KINDS[name]).KIND
