"""Decide, exactly and by experiment, whether the NTK of a physics-informed network converges.

The public names are loaded when first used, so that a purely symbolic classification never pays
for Numba::

    import ntk_theory as nt

    print(nt.classify(nt.zoo("kdv")))
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ntk_theory.errors import NTKTheoryError

#: Public name → the module that defines it.
_HOME = {
    "parse": "ntk_theory.symbolic",
    "problem": "ntk_theory.symbolic",
    "zoo": "ntk_theory.symbolic",
    "zoo_names": "ntk_theory.symbolic",
    "Operator": "ntk_theory.symbolic",
    "Problem": "ntk_theory.symbolic",
    "Slot": "ntk_theory.symbolic",
    "classify": "ntk_theory.theory",
    "Classification": "ntk_theory.theory",
    "Network": "ntk_theory.model.network",
    "InputMap": "ntk_theory.model.network",
    "Parameters": "ntk_theory.model.parameters",
    "from_standard": "ntk_theory.model.parameterisation",
    "from_keras": "ntk_theory.model.parameterisation",
    "from_ntk": "ntk_theory.model.parameterisation",
    "from_zhou_yan": "ntk_theory.model.parameterisation",
    "draw_points": "ntk_theory.model.points",
    "Kernel": "ntk_theory.model.blocks",
    "jets": "ntk_theory.empirical.jets",
    "scaled_jets": "ntk_theory.empirical.jets",
    "jet_ntk": "ntk_theory.empirical.jet_ntk",
    "contracted_ntk": "ntk_theory.empirical.jet_ntk",
    "jets_and_ntk": "ntk_theory.empirical.jet_ntk",
    "ntk": "ntk_theory.empirical.ntk",
    "ntk_for_exponents": "ntk_theory.empirical.ntk",
    "Residuals": "ntk_theory.empirical.residuals",
    "estimate": "ntk_theory.empirical.cost",
    "spectra": "ntk_theory.empirical.spectra",
    "limit_law": "ntk_theory.limit",
    "infinite_jets": "ntk_theory.limit",
    "dual": "ntk_theory.limit",
    "train": "ntk_theory.training",
    "recommend": "ntk_theory.advice.recommend",
    "Study": "ntk_theory.studies.question.study",
    "verify": "ntk_theory.studies.initialisation.verify",
    "verify_training": "ntk_theory.studies.flow.verify",
    "search": "ntk_theory.search.bench",
    "plot": "ntk_theory.report.figures.study",
}

__all__ = ["NTKTheoryError", "__version__"]
__all__ += list(_HOME)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Looked up when asked for: the metadata machinery would double the cold start of a command.
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

        try:
            return version("ntk_theory")
        except PackageNotFoundError:  # a source tree that was never installed
            return "0+unknown"
    if name not in _HOME:
        raise AttributeError(f"module 'ntk_theory' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
