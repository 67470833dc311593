"""``ntk-theory verify`` and ``resume``: every claim about a problem's kernel, put to the test on networks."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import ntk_theory as nt
from ntk_theory import claims as court
from ntk_theory import report, studies
from ntk_theory.cli.claims import show as shown_hearing
from ntk_theory.cli.files import console
from ntk_theory.cli.network_table import or_tables
from ntk_theory.cli.options import (
    Ansatz,
    Features,
    Fields,
    Hard,
    Json,
    Measured,
    OutputBias,
    ParameterValues,
    Start,
    Unknowns,
    Variables,
    data_files,
    features_of,
    print_json,
    resolve,
    start_of,
)
from ntk_theory.errors import InputError
from ntk_theory.outputs import Outputs
from ntk_theory.studies.kinds import DEFAULT, KINDS, TRAINING, WIDTH
from ntk_theory.visible import say

if TYPE_CHECKING:
    from ntk_theory.studies.judging.result import Result

REFUTED, INCOMPLETE = 1, 3

Workers = Annotated[int | None, typer.Option("--workers", help="Local processes; default one per core.")]
Cluster = Annotated[
    str | None, typer.Option("--cluster", metavar="ADDRESS", help="A Dask scheduler that computes instead.")
]
Claims = Annotated[
    str | None,
    typer.Option(
        "--claims",
        metavar="FILE.py|SOURCES",
        help="A Python file with claims of your own (nt.claim), executed, or sources of the literature such "
        "as wang-2022,liu-2020 that are heard instead; default none.",
    ),
]
OwnClaims = Annotated[
    Path | None,
    typer.Option(
        "--claims",
        metavar="FILE.py",
        help="A Python file with claims of your own (nt.claim), executed; default none.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if a claim was refuted.")]


def command(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="PDE...", help="Expressions, zoo names, or paths of problem files (.toml)."),
    ] = None,
    s: Annotated[str | None, typer.Option("--s", help="Exponents, such as 1/2,3/4; default by kind.")] = None,
    widths: Annotated[
        str | None, typer.Option("--widths", help="Widths, such as 64,128; default by kind.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Independent networks per width; default by kind.")
    ] = None,
    points: Annotated[int | None, typer.Option("--points", help="Points per block; default by kind.")] = None,
    depth: Annotated[str, typer.Option("--depth", help="Hidden layers; several: 1,2.")] = "1",
    activation: Annotated[str, typer.Option("--activation", help="One or several: tanh,sin.")] = "tanh",
    output_bias: OutputBias = "zero",
    features: Features = None,
    init: Start = None,
    sweep: Annotated[
        str | None, typer.Option("--sweep", metavar="NAME=VALUES", help="A parameter: kappa=0,0.1,1.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Root of every random number.")] = 0,
    zoo: Annotated[bool, typer.Option("--zoo", help="Every decided zoo problem of order at most 4.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer widths, networks and points.")] = False,
    training: Annotated[
        bool, typer.Option("--training", help="Train every network; test the claims on training instead.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="The kind of study; default initialisation, or training by --training."),
    ] = None,
    until: Annotated[
        float | None,
        typer.Option("--until", metavar="T", help="With --training: end of the flow; default 0.1."),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option("--clock", help="With --training: raw time, or kernel time ε²t; default raw."),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="NAME=STEPS",
            help="With --kind width: what trains; default gauss-newton=60,adam=1000.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", help="SQLite file, resumed from; default in the user's data folder."),
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    strict: Strict = False,
    claims: Claims = None,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
    ansatz: Ansatz = None,
    hard: Hard = False,
    unknown: Unknowns = None,
    data: Measured = None,
) -> int:
    """Test what theory says of this PDE's kernels on independent networks of growing width.

    With --training: of their drift under gradient flow, Theorem 2.3 first.

    The same command, started again after an interruption, computes only what is missing.
    """
    own = claims if claims is not None and claims.endswith(".py") else None
    Outputs([*(what or ()), own, *data_files(data)]).claim_store("--store", store)
    own_claims = _own(None if own is None else Path(own))
    if claims is not None and own is None and Path(f"{claims}.py").is_file():
        raise InputError(f"--claims is {claims!r}; did you mean the file {claims}.py?")
    heard = None if claims is None or own is not None else court.registry.sources_of(claims)
    if (unknown or data) and zoo:
        option = "--unknown" if unknown else "--data"
        raise InputError(f"--zoo cannot be combined with {option}; name the problems")
    names = _problems(what, zoo, output_bias)
    swept = _sweep(sweep)
    if (ansatz or hard) and zoo:
        raise InputError("--zoo cannot be combined with --ansatz or --hard; name the problems")
    if (parameter or fields or variables or ansatz or hard or unknown or data) and not zoo:
        if swept:
            raise InputError(
                "--sweep cannot be combined with --parameter, --fields, --variables, --ansatz, --hard, "
                "--unknown or --data"
            )
        problems: Sequence[Any] = [
            resolve(name, parameter, fields, variables, ansatz, hard, unknown, data) for name in names
        ]
    else:
        problems = names
    size: dict[str, Any] = {} if s is None else {"s": _list("--s", s)}
    size |= {} if widths is None else {"widths": [_whole("--widths", w) for w in _list("--widths", widths)]}
    size |= {name: n for name, n in (("seeds", seeds), ("points", points)) if n is not None}
    flow = {name: value for name, value in (("until", until), ("clock", clock)) if value is not None}
    name = _kind(training, kind)
    if flow and name != TRAINING:
        raise InputError(f"--{next(iter(flow))} needs --training: only then is anything trained")
    if methods is not None and name != WIDTH:
        raise InputError("--methods needs --kind width: other kinds have no choice of methods")
    chosen = studies.judging.kind.kind(name)
    options = {**(chosen.quick if quick else {}), **size}
    own_settings = flow | ({} if methods is None else {"methods": _methods(methods)})
    settings = None if chosen.settings is None else chosen.settings.from_dict(own_settings)
    network = or_tables(
        context,
        problems,
        depth=depth,
        activation=activation,
        output_bias=output_bias,
        features=features,
        init=init,
    )
    if heard is not None:
        for option, given in (
            ("--training", training),
            ("--kind", kind),
            ("--sweep", sweep),
            ("--cluster", cluster),
        ):
            if given:
                raise InputError(
                    f"--claims with sources cannot be combined with {option}; each says what it needs"
                )
        size |= _network(network)
        found = court.hearing.hear(
            heard, problems, quick=quick, seed=seed, folder=store, workers=workers, options=size
        )
        return shown_hearing(found, as_json=as_json)
    depths = [_whole("--depth", d) for d in _list("--depth", str(network["depth"]))]
    results = [
        studies.judging.judge.verify_kind(
            name,
            problems,
            settings=settings,
            **options,
            depth=layers,
            activations=_list("--activation", network["activation"]),
            output_bias=network["output_bias"],
            features=features_of(network["features"]),
            initialisation=start_of(network["init"]),
            sweep=swept,
            seed=seed,
            store=_store(store, layers, len(depths)),
            workers=workers,
            cluster=cluster,
            claims=own_claims,
        )
        for layers in depths
    ]
    return _report(results, strict=strict, as_json=as_json)


def _network(network: Mapping[str, Any]) -> dict[str, Any]:
    """Options of one network, as studies take them."""
    return {
        "depth": _whole("--depth", str(network["depth"])),
        "activations": _list("--activation", network["activation"]),
        "output_bias": network["output_bias"],
        "features": features_of(network["features"]),
        "initialisation": start_of(network["init"]),
    }


def resume(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The store of an earlier study.")],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="NEW", help="Compute the whole study again, into a new store."),
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    strict: Strict = False,
    claims: OwnClaims = None,
    as_json: Json = False,
) -> int:
    """Compute what a store lacks, and judge it; with --into, reproduce the study from scratch.

    The store holds the whole question (problems, points, seeds, criterion), so nothing else is needed.
    """
    Outputs([store, claims]).claim_store("--into", into)
    result = nt.resume(store, into=into, workers=workers, cluster=cluster, claims=_own(claims))
    return _report([result], strict=strict, as_json=as_json)


def _own(claims: Path | None) -> Sequence[Any]:
    """The claims of a file that the user names."""
    return () if claims is None else studies.judging.own_claims.from_file(claims)


def _kind(training: bool, kind: str | None) -> str:
    """The name of the kind of study that was asked for."""
    if kind is None:
        return TRAINING if training else DEFAULT
    if kind not in KINDS:
        raise InputError(f"--kind is {kind!r}; it needs one of {', '.join(KINDS)}")
    if training and kind != TRAINING:
        raise InputError(f"--training asks for another kind of study than --kind {kind}; choose one")
    return kind


def _problems(what: list[str] | None, zoo: bool, output_bias: str) -> list[str]:
    if zoo and what:
        raise InputError("--zoo and named problems cannot be combined; choose one")
    if zoo:
        return list(studies.zoo.decided_zoo(output_bias=output_bias))
    if not what:
        raise InputError("PDE is missing; it needs a zoo name, an expression or a file, such as kdv")
    return what


def _sweep(text: str | None) -> tuple[str, list[str]] | None:
    if text is None:
        return None
    name, mark, values = text.partition("=")
    if not mark or not name.strip():
        raise InputError(f"--sweep is {text!r}; it needs NAME=VALUES, such as kappa=0,0.1,1")
    return name.strip(), _list("--sweep", values)


def _list(option: str, text: str) -> list[str]:
    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise InputError(f"{option} is {text!r}; it needs one entry or several, separated by commas")
    return items


def _methods(text: str) -> dict[str, float]:
    """``gauss-newton=60,adam=1000`` by name; a method that runs in time may end at a number with a point."""
    found: dict[str, float] = {}
    for item in _list("--methods", text):
        name, mark, end = item.partition("=")
        if not mark or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", end.strip()):
            raise InputError(f"--methods has {item[:40]!r}; it needs NAME=STEPS, such as adam=1000")
        if name.strip() in found:
            raise InputError(f"--methods has {name.strip()[:40]!r} twice; name each once")
        found[name.strip()] = float(end) if "." in end else int(end)
    return found


def _whole(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise InputError(f"{option} has {text[:40]!r}; it needs whole numbers, such as 64")
    return int(text)


def _store(store: Path | None, depth: int, depths: int) -> Path | None:
    """A study has one depth: with several, each gets a store of its own."""
    if store is None or depths == 1:
        return store
    return store.with_name(f"{store.stem}-depth{depth}{store.suffix}")


def _report(results: Sequence[Result[Any]], *, strict: bool, as_json: bool) -> int:
    shown = report.kinds.report_of(results[0].study)
    if as_json:
        print_json(shown.to_dict(results))
    else:
        shown.show(results, console())
    return _code(results, strict)


def _code(results: Sequence[Result[Any]], strict: bool) -> int:
    for result in results:
        failures = result.data.failures()
        if failures:
            first = failures[0]
            place = f"{first.cell.case}, width {first.cell.width}, seed {first.cell.seed}"
            block = f", K_{first.pair}" if first.pair else ""
            where = f"{place}{block}" + (f" at s = {first.s}" if first.s else "")
            say(
                f"ntk-theory: {len(failures)} numbers could not be computed and are left out; the first: "
                f"{where}: {first.message}; all others are kept in {result.path}",
                file=sys.stderr,
            )
    if not all(result.is_complete for result in results):
        return INCOMPLETE
    if strict and any(result.outcomes[studies.judging.verdict.Outcome.REFUTED] for result in results):
        return REFUTED
    return 0
