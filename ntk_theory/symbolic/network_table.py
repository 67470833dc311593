"""The table ``[network]`` of a problem: how its networks are made, unless a command is told otherwise.

Every key is an option of the command line and an argument of :class:`ntk_theory.Network`; what is left out
stays as the command has it.

    width = 40  or  [40, 20]      depth = 3              s = "1/2"
    activation = "tanh"           output_bias = "zero"
    features = { x = { periodic = 2 } }                  initialisation = "pytorch"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ntk_theory.errors import InputError, ProblemError
from ntk_theory.setting.activations import Activation
from ntk_theory.setting.features import FeatureMap
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.numbers import fraction

#: Neurons of a layer, and layers, beyond which a table is refused.
MOST_WIDTH, MOST_DEPTH = 10**7, 100


def checked(given: object, variables: Sequence[str]) -> dict[str, Any]:
    """The table as plain data in one spelling: read again it is the same.

    Parameters
    ----------
    given:
        The table.
    variables:
        Of the problem: a feature map names them.

    Raises
    ------
    ProblemError
        An unknown key, or a value that the networks of this package do not take; the key is named.

    >>> checked({"width": 40, "features": {"x": {"periodic": 2}}}, ("x", "t"))
    {'width': 40, 'features': {'x': {'periodic': '2'}}}
    """
    if not isinstance(given, Mapping):
        raise ProblemError(f"network is {given!r}; it must be a table, [network]")
    for key in given:
        if key not in READERS:
            raise ProblemError(f"network has the unknown key {key!r}; it may have: {', '.join(READERS)}")
    found = {}
    for key, read in READERS.items():
        if key in given:
            try:
                found[key] = read(given[key], variables)
            except InputError as cause:
                raise ProblemError(f"network: {cause}") from None
    if isinstance(found.get("width"), list) and found.get("depth") not in (None, len(found["width"])):
        raise ProblemError(
            f"network: depth is {found['depth']}, but width has {len(found['width'])} layers; leave depth out"
        )
    return {key: value for key, value in found.items() if value is not None}


def _width(value: object, variables: Sequence[str]) -> int | list[int]:
    if isinstance(value, list | tuple) and 0 < len(value) <= MOST_DEPTH:
        return [_whole("width", entry, MOST_WIDTH) for entry in value]
    return _whole("width", value, MOST_WIDTH)


def _whole(key: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise InputError(f"{key} is {value!r}; it needs a whole number from 1 to {most}")
    return value


def _scaling(value: object, variables: Sequence[str]) -> str:
    s = fraction(value)
    if s <= 0:
        raise InputError(f"s is {value!r}; it needs a number above 0, such as 1/2")
    return str(s)


def _features(value: object, variables: Sequence[str]) -> dict[str, Any] | None:
    found = FeatureMap.of(value, variables)
    return None if found is None else found.to_dict()


def _start(value: object, variables: Sequence[str]) -> str | dict[str, Any] | None:
    found = Initialisation.of(value)
    return None if found is None else found.to_data()


#: Key → what reads its value. They are the command line's options; ``initialisation`` is ``--init`` there.
READERS: dict[str, Callable[[Any, Sequence[str]], Any]] = {
    "width": _width,
    "depth": lambda value, variables: _whole("depth", value, MOST_DEPTH),
    "s": _scaling,
    "activation": lambda value, variables: Activation.of(value).name,
    "output_bias": lambda value, variables: OutputBias.of(value).name,
    "features": _features,
    "initialisation": _start,
}


def toml_lines(table: Mapping[str, Any]) -> list[str]:
    """The lines of ``[network]`` that give the table back.

    >>> toml_lines({"width": [40, 20], "features": {"x": {"periodic": "2"}}})
    ['[network]', 'width = [40, 20]', 'features = { x = { periodic = "2" } }']
    """
    return ["[network]", *(f"{key} = {toml_value(value)}" for key, value in table.items())]


def toml_value(value: Any) -> str:
    """One value as TOML, in one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
