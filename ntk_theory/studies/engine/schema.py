"""What a store's file looks like: its mark, its tables, the version of its quantities."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

from ntk_theory.errors import StoreError
from ntk_theory.studies.engine.cell import Key
from ntk_theory.studies.engine.sqlite import checksum, damaged
from ntk_theory.studies.question.study import QUANTITIES_VERSION, canonical

#: "NTKs" in the file's header: tells a store from any other SQLite file.
APPLICATION = 0x4E544B73
#: What is written; a store of the first, :data:`TABLES` alone, is read, and upgraded when it is written to.
SCHEMA = 2
READ = (1, SCHEMA)

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE environment (run INTEGER PRIMARY KEY, started TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE cases (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE);
CREATE TABLE keys (case_id INTEGER, id INTEGER, pair TEXT, s TEXT, quantity TEXT, PRIMARY KEY (case_id, id));
CREATE TABLE cells (case_id INTEGER, activation TEXT, width INTEGER, seed INTEGER, seconds REAL NOT NULL,
    ids BLOB NOT NULL, vals BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (case_id, activation, width, seed));
CREATE TABLE failures (case_id INTEGER, activation TEXT, width INTEGER, seed INTEGER, pair TEXT, s TEXT,
    message TEXT NOT NULL);
CREATE TABLE laws (case_id INTEGER, activation TEXT, accuracy REAL, note TEXT NOT NULL, shape TEXT NOT NULL,
    jet_ntk BLOB NOT NULL, vals TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (case_id, activation));
CREATE TABLE verdicts (id INTEGER PRIMARY KEY, created TEXT NOT NULL, text TEXT NOT NULL);
"""
#: From the first schema to this one, on a new store and on an old one alike: a checksum of what had none, the
#: whole row or, where it has ``crc``, the rest of it; NULL in rows older than the column.
GUARDS = tuple(
    f"ALTER TABLE {name} ADD COLUMN guard INTEGER"
    for name in ("environment", "cells", "failures", "laws", "verdicts")
)
#: In ``meta``: the checksum of its other rows, but for the study, which its digest guards.
SUM = "checksum"


def make(connection: sqlite3.Connection) -> None:
    """A store's tables and marks, in an empty file."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    upgrade(connection)


def upgrade(connection: sqlite3.Connection) -> None:
    """From the first schema to this one."""
    for statement in GUARDS:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def check_file(connection: sqlite3.Connection, path: Path) -> int:
    """The schema of a file that is a whole store and nothing else.

    Raises
    ------
    StoreError
        It is another database, of another schema, declares what no store has (a trigger or a view would run
        when it is used), or its pages do not fit together.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION:
        raise StoreError(f"{path} is a database, but not a store of this package; name another file")
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if schema not in READ:
        raise StoreError(
            f"the store {path} has schema {schema}; this version reads {' and '.join(map(str, READ))}: "
            "use the version that wrote it, or run the study into a new file"
        )
    found, own = _declared(connection), _allowed(int(schema))
    strange = [
        f"{kind} {name}"
        for kind, name in sorted(found.keys() | own.keys())
        if found.get((kind, name)) != own.get((kind, name))
    ]
    if strange:
        raise StoreError(
            f"the store {path} has another {strange[0]} than stores have; it was changed by another program: "
            "restore a copy, or run the study into a new file"
        )
    (report,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if report != "ok":
        raise StoreError(damaged(path, report))
    return int(schema)


def _declared(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """(type, name) → table and statement, blanks evened out: all that a file declares, up to a bound."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT 100")
    return {(kind, name): f"{table}: {' '.join(str(text).split())}" for kind, name, table, text in rows}


@cache
def _allowed(schema: int) -> dict[tuple[str, str], str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        if schema > 1:
            upgrade(connection)
        return _declared(connection)


def meta_checksum(meta: Mapping[str, str]) -> str:
    """What ``meta`` has under :data:`SUM`."""
    return str(checksum(sorted((k, v) for k, v in meta.items() if k not in (SUM, "study", "digest"))))


def check_version(version: object, what: str) -> None:
    """Numbers of another version may mean something else: they are neither added to nor judged here."""
    if version != QUANTITIES_VERSION:
        raise StoreError(
            f"{what} has quantities of version {version}; this version of the package computes and judges "
            f"version {QUANTITIES_VERSION}: use the version that wrote it, or run the study into a new file"
        )


def layout_digest(layouts: Mapping[str, Sequence[Key]]) -> str:
    """SHA-256 over the names of all numbers, in their order."""
    return hashlib.sha256(
        canonical({k: [list(key) for key in v] for k, v in layouts.items()}).encode()
    ).hexdigest()
