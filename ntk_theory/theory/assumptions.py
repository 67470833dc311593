"""What an answer assumes: each with the reason why it matters (THEORY §3).

Only what the answer used is listed: a problem without coordinates in its coefficients does not depend
on its domain.
"""

from __future__ import annotations

from dataclasses import dataclass

from ntk_theory.setting.activations import Activation
from ntk_theory.setting.features import FeatureMap
from ntk_theory.theory.sharp import Kernel


@dataclass(frozen=True)
class Assumption:
    """One condition of an answer, and why it is one."""

    what: str
    why: str

    def to_dict(self) -> dict[str, str]:
        """The assumption as plain strings."""
        return {"what": self.what, "why": self.why}


def assumptions(kernel: Kernel) -> tuple[Assumption, ...]:
    """The conditions of the answers about a kernel, in a fixed order."""
    found = (
        *_places(kernel),
        *_parameters(kernel),
        *_unknowns(kernel),
        *_symmetries(kernel),
        *_start(kernel),
    )
    return (*found, *_depth(kernel), _activation(kernel.activation))


def _places(kernel: Kernel) -> list[Assumption]:
    """Where the coordinates lie that occur in coefficients."""
    found = []
    for rows in kernel.rows.values():
        for row in rows:
            for symbol in sorted(row.coordinates - set(row.functions), key=str):
                what, why = f"{symbol} > 0", "a coefficient depends on it; no domain is given"
                if symbol.name in row.domain:
                    low, high = row.domain[symbol.name]
                    what, why = f"{low} < {symbol} < {high}", "a coefficient depends on it"
                found.append(Assumption(what, why))
    return list(dict.fromkeys(found))


def _parameters(kernel: Kernel) -> list[Assumption]:
    """Parameters without a value."""
    names = {
        symbol.name
        for rows in kernel.rows.values()
        for row in rows
        for symbol, _, _ in row.intervals
        if symbol not in row.coordinates
    }
    return [
        Assumption(f"{name} > 0, otherwise generic", "it has no value: sums in which it occurs do not vanish")
        for name in sorted(names)
    ]


def _unknowns(kernel: Kernel) -> list[Assumption]:
    """Where unknown coefficients start, which alone the rules see."""
    return [
        Assumption(
            f"unknown {name} starts at {u.start}" + (", trained as its logarithm" if u.positive else ""),
            "K gains the product of the derivatives by it, taken where it starts",
        )
        for name, u in kernel.problem.coefficients.items()
    ] + [
        Assumption(
            f"unknown field {name}({', '.join(f.of)}) starts as its network of {f.width} neurons "
            f"(seed {f.seed}), which stays as it is while N grows",
            "K gains the products of the derivatives by its jets, each with the kernel of that network, "
            "taken as generic",
        )
        for name, f in kernel.problem.unknown_fields.items()
    ]


def _symmetries(kernel: Kernel) -> list[Assumption]:
    """The input map, where rows on faces were asked for cancellations."""
    rows = [row for own in kernel.rows.values() for row in own]
    features = kernel.inputs.features
    if features is not None:
        return _of_features(kernel, features)
    if not any(row.is_pinned for row in rows):
        return []
    names = {"identity": "inputs as they are", "domain": "the domain mapped onto [-1, 1]"}
    law = (
        "Gaussian"
        if kernel.start is None or kernel.start.first_law.is_normal
        else kernel.start.first_law.name
    )
    what = names.get(kernel.inputs.name, "the input map that was given")
    return [
        Assumption(
            f"input map: {what}; first layer of {law} weights of one variance",
            "on faces it decides whether T^∞ cancels",
        )
    ]


def _of_features(kernel: Kernel, features: FeatureMap) -> list[Assumption]:
    """The feature map, and what it alone makes true."""
    what = f"features: {features}; first layer of Gaussian weights of one variance"
    if features.waves is not None:
        return [Assumption(what, "generic frequencies: T^∞ is taken to cancel nowhere")]
    found = [Assumption(what, "on faces it decides whether T^∞ cancels")]
    met = ", ".join(kernel.met)
    return found + ([Assumption(f"met by the features: {met}", "0 for every network")] if met else [])


def _start(kernel: Kernel) -> list[Assumption]:
    """The initialisation, where it is not that of THEORY §1."""
    if kernel.start is None:
        return []
    if not kernel.start.is_standard:
        return [Assumption(f"initialisation: {kernel.start}", "σ that do not depend on N change no exponent")]
    return [
        Assumption(
            f"initialisation: {kernel.start}, in the standard parameterisation: K = Σ η_l K_l, η = fan-in",
            "its rates multiply the hidden part by N: a rate of order 1/N there is one of order 1 here",
        )
    ]


def _depth(kernel: Kernel) -> list[Assumption]:
    """The depth, where a single hidden layer has an answer of its own."""
    if not kernel.shallow_only:
        return []
    between = "; ".join(pair.replace(",", " and ") for pair in kernel.shallow_only[:3])
    more = ", …" if len(kernel.shallow_only) > 3 else ""
    return [
        Assumption(
            "at least two hidden layers",
            f"1 + y·y' = 0 between {between}{more}, where T^∞ of a single hidden layer of "
            f"{kernel.activation.name} cancels by reflection; ask with a depth of 1",
        )
    ]


def _activation(activation: Activation) -> Assumption:
    return Assumption(
        f"{activation.name} is generic: T^∞ vanishes by symmetry only",
        "no entry of T^∞ is 0 by an accident of the activation",
    )
