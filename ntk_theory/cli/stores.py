"""``ntk-theory stores``: the stores of studies, listed, measured, verified, deleted."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ntk_theory.cli.options import Json, print_json
from ntk_theory.errors import InputError
from ntk_theory.report import terminal
from ntk_theory.studies import engine
from ntk_theory.visible import say

UNREADABLE = 3


def command(
    places: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="STORE...", help="Stores, or folders of them; default the user's data folder."
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every number and text; compare all checksums.")
    ] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the stores that are named.")] = False,
    as_json: Json = False,
) -> int:
    """List the stores of studies, with what they hold and take; verify or delete them.

    Only files that are named are deleted, never a folder, a link, or what is no store. The exit code is 3 if
    a store cannot be read.
    """
    if delete:
        return _delete(places or [], verify or as_json)
    found = [engine.shelf.describe(path, verify=verify) for path in engine.shelf.find(places or ())]
    if as_json:
        print_json([{**asdict(entry), "path": str(entry.path)} for entry in found])
    else:
        terminal.stores.show(found, verified=verify)
    return UNREADABLE if any(entry.fault for entry in found) else 0


def _delete(places: list[Path], more: bool) -> int:
    if more:
        raise InputError("--delete cannot be combined with --verify or --json; delete in a call of its own")
    if not places:
        raise InputError("--delete needs the names of the stores; ntk-theory stores lists them")
    folder = next((place for place in places if place.is_dir()), None)
    if folder is not None:
        raise InputError(f"{folder} is a folder; --delete needs the names of the stores themselves")
    for place in places:
        if not engine.shelf.is_store(place):
            raise InputError(f"{place} is no store of this package (or a link to one); nothing was deleted")
    for place in places:
        engine.shelf.delete(place)
        say(f"deleted {place}")
    return 0
