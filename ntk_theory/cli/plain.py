"""Values of options that need no conversion: a text for a text, nothing for what was left out.

Option parsers hand every value to a library of validators, whose import takes longer than most answers.
What is already of the type that its function declares goes past it; everything else takes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_type_hints

_NOTHING_DECLARED: Mapping[str, Any] = {}


def plainly(command: Any) -> Any:
    """The command, whose parameters take plain values as they are; its function declares their types."""
    declared, usual = get_type_hints(command.callback), command.get_params
    command.get_params = lambda context: taken_plainly(usual(context), declared)
    return command


def taken_plainly(parameters: Sequence[Any], declared: Mapping[str, Any] = _NOTHING_DECLARED) -> list[Any]:
    """The parameters, each with its own way for plain values."""
    for parameter in parameters:
        if "process_value" not in vars(parameter):
            kind = declared.get(parameter.name)
            parameter.process_value = _way(parameter, kind is str or str in get_args(kind))
    return list(parameters)


def _way(parameter: Any, is_text: bool) -> Callable[[Any, Any], Any]:
    """How a parameter takes a value: what it is, then its callback, as usual."""
    usual, is_single = parameter.process_value, parameter.nargs == 1 and not parameter.multiple

    def process_value(context: Any, value: Any) -> Any:
        is_absent = value is None and not parameter.required
        is_plain = is_text and is_single and type(value) is str and value != ""
        if not (is_absent or is_plain):
            return usual(context, value)
        found = () if is_absent and not is_single else value
        return found if parameter.callback is None else parameter.callback(context, parameter, found)

    return process_value
