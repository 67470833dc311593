"""``ntk-theory claims``: what the literature says of kernels of PINNs, and its hearing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ntk_theory import claims as court
from ntk_theory.cli.files import console
from ntk_theory.cli.options import Json, print_json
from ntk_theory.errors import InputError
from ntk_theory.report import terminal

Workers = Annotated[int | None, typer.Option("--workers", help="Local processes; default one per core.")]


def command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Keys of sources, each in its own setting."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All sources.")] = False,
    on: Annotated[
        list[str] | None,
        typer.Option("--on", metavar="PDE", help="Put them to this problem; repeatable; default their own."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer widths, networks and points.")] = False,
    beyond: Annotated[
        bool,
        typer.Option(
            "--beyond",
            help="Put a claim also to problems beyond its hypotheses, marked and counted apart; default not.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Root of all random numbers.")] = 0,
    store: Annotated[
        Path | None,
        typer.Option("--store", help="Folder of stores, resumed from; default the user's data folder."),
    ] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> int:
    """List what sources claim of kernels of PINNs; with sources (or --all) put it to the test.

    A source is heard on problems of its own setting, or on those named by --on. The same command, started
    again after an interruption, computes only what is missing. --beyond asks of claims whose hypotheses leave
    a problem out whether they hold there too: is the hypothesis needed?
    """
    if every and sources:
        raise InputError("--all and named sources cannot be combined; choose one")
    if not every and not sources:
        if on or beyond:
            raise InputError(f"{'--on' if on else '--beyond'} needs sources, or --all")
        return _list(as_json=as_json)
    chosen = court.registry.sources_of(list(court.registry.known()) if every else sources or [])
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)
    heard = court.hearing.hear(
        chosen, on, quick=quick, beyond=beyond, seed=seed, folder=store, workers=workers
    )
    return show(heard, as_json=as_json)


def show(heard: Any, *, as_json: bool) -> int:
    """Print a hearing."""
    if as_json:
        print_json(heard.to_dict())
    else:
        terminal.claims.show(heard, console())
    return 0


def _list(*, as_json: bool) -> int:
    found = court.registry.known().values()
    if as_json:
        print_json({"sources": [court.registry.record(source) for source in found]})
    else:
        terminal.claims.show_sources(tuple(found), console())
    return 0
