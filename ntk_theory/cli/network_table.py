"""What a problem's ``[network]`` table says, where the command line does not say it itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import ntk_theory as nt
from ntk_theory import exchange
from ntk_theory.cli.options import features_of, layers, start_of
from ntk_theory.errors import InputError

if TYPE_CHECKING:
    from ntk_theory.exchange.model import Model
    from ntk_theory.model.network import Network
    from ntk_theory.model.parameters import Parameters
    from ntk_theory.symbolic import Problem

#: Key of the table → parameter of the commands, where they differ.
OPTIONS = {"initialisation": "init"}
#: What the file of --network says.
FROM_FILE = ("width", "depth", "s", "output_bias", "map_inputs", "features", "init")


def or_table(context: typer.Context, problem: Problem, **options: Any) -> dict[str, Any]:
    """The options of a command, from the table where they were not given.

    Parameters
    ----------
    context:
        Of the running command: it knows which options were given.
    problem:
        With its table.
    options:
        As the command has them: ``width`` and ``depth`` together, others one by one.

    >>> class Given:
    ...     def get_parameter_source(self, name):
    ...         return None
    >>> import ntk_theory as nt
    >>> problem = nt.symbolic.loading.from_table({"equations": ["u_x"], "network": {"width": 40}})
    >>> or_table(Given(), problem, width="512", depth=None, activation="tanh")
    {'width': '40', 'depth': None, 'activation': 'tanh'}
    """
    found = dict(options)
    table = _layers(context, problem.network)
    for key, value in table.items():
        name = OPTIONS.get(key, key)
        if name in options and not is_given(context, name):
            found[name] = value
    return found


def or_depth(problem: Problem, depth: int | None) -> int | None:
    """The number of hidden layers: as given, else from the table, else ``None``.

    >>> import ntk_theory as nt
    >>> problem = nt.symbolic.loading.from_table({"equations": ["u_x"], "network": {"width": [40, 20]}})
    >>> or_depth(problem, None), or_depth(problem, 1)
    (2, 1)
    """
    if depth is not None:
        return depth
    width, found = problem.network.get("width"), problem.network.get("depth")
    return len(width) if isinstance(width, list) else found


def or_tables(context: typer.Context, problems: Sequence[Any], **options: Any) -> dict[str, Any]:
    """As :func:`or_table`, for the networks of several problems, which are made alike.

    Raises
    ------
    InputError
        Two problems bring different tables.
    """
    read = [nt.problem(p) if isinstance(p, str) and p.endswith(".toml") else p for p in problems]
    tables = [{} if isinstance(p, str) else dict(p.network) for p in read]
    if any(table != tables[0] for table in tables):
        raise InputError(
            "the problems have different tables [network], but one study makes its networks alike; "
            "verify them one at a time"
        )
    return or_table(context, read[0], **options) if tables[0] else options


def is_given(context: typer.Context, name: str) -> bool:
    """Was the option given, and is not merely at its default?"""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _layers(context: typer.Context, table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with ``width`` as the text of an option; without what contradicts a given option."""
    found = dict(table)
    width = found.get("width")
    if isinstance(width, list):
        if is_given(context, "depth") or is_given(context, "width"):
            del found["width"]
        else:
            found["depth"] = None
    if "width" in found:
        found["width"] = ",".join(map(str, width)) if isinstance(width, list) else str(width)
    if "," in str(context.params.get("width", "")) and is_given(context, "width"):
        found.pop("depth", None)
    return found


def one_width(options: Mapping[str, Any], command: str) -> dict[str, Any]:
    """``width`` and ``depth`` as whole numbers, of a command whose networks have layers of one width.

    Raises
    ------
    InputError
        The table has layers of different widths.
    """
    widths = [int(part) for part in str(options["width"]).split(",")]
    if len(set(widths)) > 1:
        raise InputError(
            f"[network] has width = {widths}, but {command} speaks of layers of one width; "
            "give --width and --depth"
        )
    depth = options["depth"]
    return {**options, "width": widths[0], "depth": len(widths) if depth is None else depth}


def network_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a network from the options of a command."""
    found = {
        **options,
        "features": features_of(options["features"]),
        "initialisation": start_of(options["init"]),
    }
    del found["init"], found["width"], found["depth"]
    return found | layers(options["width"], options["depth"])


def read_network(
    context: typer.Context, problem: Problem, path: Path, activation: str, free: Sequence[str] = ()
) -> Model:
    """The model of ``--network``, for this problem; a file of weights alone takes ``--activation``.

    ``free`` are options that the command asks for whatever the file says.

    Raises
    ------
    InputError
        There is no such file, it does not fit the problem, or an option says what the file says.
    """
    said = [
        name for name in FROM_FILE if name in context.params and is_given(context, name) and name not in free
    ]
    if said:
        option = said[0].replace("_", "-")
        raise InputError(f"--{option} and --network are given, but the network's file says it; leave one out")
    if not path.is_file():
        raise InputError(
            f"the network is {str(path)!r}, which is no file; name what nt.save or train -o wrote"
        )
    model = exchange.read.model_file(
        path, activation=activation, variables=problem.variables, fields=problem.fields
    )
    model.check(problem)
    return model


def trained_network(
    context: typer.Context, problem: Problem, path: Path | None, options: dict[str, Any], waves: bool | None
) -> tuple[Network, Parameters | None, str | None]:
    """The network, and where it starts, of a file; else a fresh one; and what its waves are."""
    from ntk_theory.training.defaults import default_network  # noqa: PLC0415  --help stays quick
    from ntk_theory.training.oscillations import own_features, told, wave_features  # noqa: PLC0415  as above

    if (path is not None or options["features"] is not None) and waves:
        other = "--features" if path is None else "--network"
        raise InputError(f"--waves beside {other}, which says what the first layer is; leave out one")
    if path is not None:
        network, parameters = read_network(context, problem, path, options["activation"])
        return network, parameters, None
    shape = network_options(options)
    if waves and wave_features(problem) is None:
        raise InputError(
            "--waves is given, but the data and the equations, linearised at 0, have too few oscillations "
            "over the domain for them; leave it out, or give --features"
        )
    if options["features"] is not None:
        return default_network(problem, **shape), None, None
    wanted = waves is not False
    found = own_features(problem, waves=wanted)
    if found is not None:
        shape |= {"features": found}
    return default_network(problem, **shape), None, told(problem, waves=wanted)
