"""Options that several commands share."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.setting.initialisation import NAMES
from ntk_theory.setting.output_bias import OUTPUT_BIASES
from ntk_theory.visible import visible_json

if TYPE_CHECKING:
    from ntk_theory.model.network import Network
    from ntk_theory.symbolic import Problem


#: Characters of an option that holds a table.
MOST_TEXT = 10_000


def one_of(names: Iterable[str]) -> str:
    """Names as the help of an option.

    >>> one_of(["zero", "normal", "none"])
    'zero, normal or none.'
    """
    *first, last = names
    return f"{', '.join(first)} or {last}."


What = Annotated[
    str,
    typer.Argument(metavar="PDE", help="An expression, a zoo name, or the path of a problem file (.toml)."),
]
OutputBias = Annotated[str, typer.Option("--output-bias", help=one_of(OUTPUT_BIASES))]
Activation = Annotated[str, typer.Option("--activation", help="The network's activation.")]
Force = Annotated[
    bool, typer.Option("--force", help="Write over a file that is no earlier output of this kind, too.")
]
Json = Annotated[bool, typer.Option("--json", help="Machine output alone on stdout.")]
ParameterValues = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="An exact value; repeatable."),
]
Fields = Annotated[
    str | None, typer.Option("--fields", help="Field names, separated by commas; default: those found.")
]
Features = Annotated[
    str | None,
    typer.Option(
        "--features",
        metavar="TOML",
        help="A feature map: 'x = { periodic = 2 }', or 'fourier = 64, sigma = 1, seed = 0'; default none.",
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--init",
        metavar="NAME|TOML",
        help=f"How weights start: {', '.join(NAMES)}; or 'sigma_w = 1, sigma_b = 0, law = \"uniform\"'. "
        "Default N(0, 1).",
    ),
]
NetworkFile = Annotated[
    Path | None,
    typer.Option(
        "--network",
        metavar="FILE",
        help="A network: of nt.save or train -o (.npz), or weights (.npz, .safetensors); default none.",
    ),
]
MapInputs = Annotated[
    bool, typer.Option("--map-inputs", help="Map the domain onto [-1, 1] before the first layer.")
]
MemoryLimit = Annotated[
    float | None,
    typer.Option("--memory-limit", metavar="GIB", help="Refuse what needs more; default by what there is."),
]
Ansatz = Annotated[
    list[str] | None,
    typer.Option(
        "--ansatz",
        metavar="'u = A + B*v'",
        help="A field by the network's outputs; repeatable; default: itself.",
    ),
]
Unknowns = Annotated[
    list[str] | None,
    typer.Option(
        "--unknown",
        metavar="NAME=START[,positive]",
        help="A coefficient that is trained, from this start, or a field a(x)=1; repeatable, default none.",
    ),
]
Measured = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="FILE[,observe=u][,sigma=0.01]",
        help="Measurements, columns of a .csv or .npz, as a group of the problem; repeatable; default none.",
    ),
]
Hard = Annotated[
    bool, typer.Option("--hard", help="Build u = A + B v from a box's conditions, so that it meets them.")
]
Variables = Annotated[
    str | None, typer.Option("--variables", help="Variable names, separated by commas; default: those found.")
]


def features_of(given: str | dict[str, Any] | None) -> dict[str, Any] | None:
    """The plain data of ``--features``, which is the inside of a TOML table; of ``[network]`` as it is."""
    return _table("--features", given, "x = { periodic = 2 }") if isinstance(given, str) else given


def start_of(given: str | dict[str, Any] | None) -> str | dict[str, Any] | None:
    """The plain data of ``--init``: a name, or the inside of a TOML table; of ``[network]`` as it is."""
    is_table = isinstance(given, str) and "=" in given
    return _table("--init", given, "sigma_w = 1, sigma_b = 0") if is_table else given  # type: ignore[arg-type]


def _table(option: str, text: str, example: str) -> dict[str, Any]:
    inside = text.strip().removeprefix("{").removesuffix("}") if text.strip().startswith("{") else text
    try:
        if len(text) > MOST_TEXT:
            raise ValueError(f"it has {len(text)} characters, {MOST_TEXT} at most")
        found = tomllib.loads(f"it = {{ {inside} }}")
        if set(found) != {"it"}:
            raise ValueError("it holds more than one table")
    except (ValueError, RecursionError) as error:
        raise InputError(f"{option} is {text[:60]!r} ({error}); write it like '{example}'") from None
    return dict(found["it"])


def resolve(
    what: str,
    parameters: list[str] | None,
    fields: str | None,
    variables: str | None,
    ansatz: list[str] | None = None,
    hard: bool = False,
    unknown: list[str] | None = None,
    data: list[str] | None = None,
) -> Problem:
    """The problem that the shared options describe."""
    names = {"fields": _names(fields), "variables": _names(variables)}
    found = nt.problem(
        what,
        fields=names["fields"],
        variables=names["variables"],
        parameters=_assignments(parameters) or None,
        unknowns=_unknowns(unknown) or None,
        data=[_measured(item) for item in data] if data else None,
    )
    for option, given in names.items():
        has = getattr(found.solved, option)
        if given is None:
            continue
        own = tuple(name for name in given if name not in found.unknown_fields)
        if own != has:  # a named problem brings its own
            raise InputError(
                f"--{option} is {', '.join(given)!r}, but {what[:40]} has {', '.join(has)}; leave it out"
            )
    return nt.problem(found, ansatz="; ".join(ansatz) if ansatz else None, hard=hard)


def data_files(data: list[str] | None) -> list[str]:
    """The files that ``--data`` reads, which no output may write over."""
    return [item.partition(",")[0].strip() for item in data or []]


def _measured(item: str) -> dict[str, object]:
    """``probes.csv,observe=u,sigma=0.01`` as a table of ``[[data]]``."""
    file, *pairs = (part.strip() for part in item.split(","))
    table: dict[str, object] = {"file": file}
    for pair_ in pairs:
        name, mark, value = (part.strip() for part in pair_.partition("="))
        if not (file and mark and value) or name not in ("observe", "sigma", "name"):
            raise InputError(
                f"--data is {item[:60]!r}; it needs FILE and, after commas, observe=, sigma= or name=, "
                "such as probes.csv,observe=u,sigma=0.01"
            )
        table[name] = _number_or_name(value) if name == "sigma" else value
    return table


def _number_or_name(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _unknowns(items: list[str] | None) -> dict[str, object]:
    """``k=1``, ``k=1,positive`` and ``a(x)=1`` as the table ``[unknowns]``."""
    found: dict[str, object] = {}
    for item in items or []:
        name, mark, value = item.partition("=")
        start, comma, word = (part.strip() for part in value.partition(","))
        name, bracket, of = (part.strip() for part in name.partition("("))
        whole = bool(mark and name and start) and word in (("positive",) if comma else ("",))
        if not whole or (bracket and not (of.endswith(")") and of[:-1].strip())):
            raise InputError(
                f"--unknown is {item[:40]!r}; it needs NAME=START, such as k=1 or k=1,positive, "
                "or a(x)=1 for a field"
            )
        entry: dict[str, object] = {"start": start, "positive": bool(comma)}
        found[name] = {"of": [v.strip() for v in of[:-1].split(",")], **entry} if bracket else entry
    return found


def _assignments(items: list[str] | None) -> dict[str, object]:
    values: dict[str, object] = {}
    for item in items or []:
        name, mark, value = item.partition("=")
        if not mark or not name.strip() or not value.strip():
            raise InputError(f"--parameter is {item!r}; it needs NAME=VALUE, such as nu=1/10")
        values[name.strip()] = value.strip()
    return values


def print_json(data: Any) -> None:
    """Write one JSON document to stdout."""
    unicode = (sys.stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf")
    sys.stdout.write(visible_json(json.dumps(data, indent=2, ensure_ascii=not unicode)) + "\n")


def layers(width: str, depth: int | None) -> dict[str, Any]:
    """``width`` and ``depth`` of a network from ``--width 20`` or ``--width 40,20,20`` and ``--depth``."""
    widths = whole_numbers("--width", width)
    if len(widths) == 1:
        return {"width": widths[0]} | ({} if depth is None else {"depth": depth})
    if depth not in (None, len(widths)):
        raise InputError(f"--depth is {depth}, but --width has {len(widths)} layers; leave --depth out")
    return {"width": tuple(widths), "depth": None}


def pair(option: str, item: str, example: str) -> tuple[str, str]:
    """NAME and VALUE of an option."""
    name, mark, value = (part.strip() for part in item.partition("="))
    if not (mark and name and value):
        raise InputError(f"{option} has {item[:40]!r}; it needs NAME=VALUE, such as {example}")
    return name, value


def weights_of(text: str | None) -> str | dict[str, float] | None:
    """What ``--weights`` says: a word, or numbers by group."""
    if text is None or "=" not in text:
        return text
    found = {}
    for item in text.split(","):
        name, value = pair("--weights", item, "f=1,b=100")
        try:
            found[name] = float(value)
        except ValueError:
            raise InputError(
                f"--weights has {item.strip()!r}; it needs NAME=VALUE, such as f=1,b=100"
            ) from None
    return found


def whole_numbers(option: str, text: str) -> list[int]:
    """Whole numbers of at most seven digits, separated by commas."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 8 for part in parts):
        raise InputError(f"{option} is {text[:40]!r}; it needs whole numbers, such as 20 or 40,20,20")
    return [int(part) for part in parts]


def exponents(given: list[str] | None) -> list[str] | None:
    """The values of a repeatable ``--s``, of which each may be several with commas.

    >>> exponents(["3/4, 1", "1/2"])
    ['3/4', '1', '1/2']
    """
    found = [item.strip() for text in given or [] for item in text.split(",")]
    if not all(found):
        raise InputError(f"--s is {' '.join(given or [])[:40]!r}; it needs exponents, such as 1/2 or 3/4,1")
    return found or None


def within(option: str, value: int, least: int, most: int) -> int:
    """The number, refused outside its bounds."""
    if not least <= value <= most:
        raise InputError(f"{option} is {value}; it needs a whole number from {least} to {most}")
    return value


def gibibytes(value: float | None) -> float | None:
    """Bytes of ``--memory-limit``, which is given in GiB."""
    if value is not None and not 0 < value < float("inf"):
        raise InputError(f"--memory-limit is {value}; it needs a positive number of GiB")
    return None if value is None else value * 2**30


def network_for(problem: Problem, *, map_inputs: bool = False, **shape: Any) -> Network:
    """A network for a problem; ``shape`` has what :class:`Network` takes besides variables and fields."""
    if not map_inputs:
        return nt.Network(problem.variables, problem.fields, **shape)
    missing = [name for name in problem.variables if name not in problem.domain]
    if missing:
        raise InputError(f"--map-inputs needs a domain, but the problem has no interval for {missing[0]!r}")
    return nt.training.default_network(problem, **{"depth": 1} | shape)
